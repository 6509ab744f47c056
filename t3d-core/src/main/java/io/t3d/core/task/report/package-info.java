/** Reports written from a volume: a text decoder trained on a frozen image encoder. */
package io.t3d.core.task.report;

/** Report generation: a text decoder trained on a frozen image encoder. */
@NullMarked
package io.t3d.core.task.report;

import org.jspecify.annotations.NullMarked;

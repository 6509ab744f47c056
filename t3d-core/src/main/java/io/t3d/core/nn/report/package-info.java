/** The text decoder that writes reports from visual tokens. */
package io.t3d.core.nn.report;

/** The text decoder that writes reports from visual tokens. */
@NullMarked
package io.t3d.core.nn.internal.report;

import org.jspecify.annotations.NullMarked;

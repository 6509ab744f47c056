/** {@code ./t3d serve}. */
@NullMarked
package io.t3d.cli.serve;

import org.jspecify.annotations.NullMarked;

/** {@code ./t3d doctor}: what of this machine T3D uses, what is missing, and what mends it. */
@NullMarked
package io.t3d.cli.doctor;

import org.jspecify.annotations.NullMarked;

/** Kernels of the losses; not for users of the library. */
@NullMarked
package io.t3d.losses.kernel.internal;

import org.jspecify.annotations.NullMarked;

/** Counts what libtorch is asked to do; for benchmarks and tests, not for users of the library. */
@NullMarked
package io.t3d.core.torch.internal;

import org.jspecify.annotations.NullMarked;

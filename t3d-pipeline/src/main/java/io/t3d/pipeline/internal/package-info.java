/** Helpers of the runs; not for users of the library. */
@NullMarked
package io.t3d.pipeline.internal;

import org.jspecify.annotations.NullMarked;

/** Helpers of pre-training: the arrays of outputs; not for users of the library. */
@NullMarked
package io.t3d.core.train.internal;

import org.jspecify.annotations.NullMarked;

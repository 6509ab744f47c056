/** Helpers of pre-training: the arrays of outputs; not for users of the library. */
package io.t3d.core.train.internal;

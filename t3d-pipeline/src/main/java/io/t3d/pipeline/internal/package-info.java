/** Helpers of the runs; not for users of the library. */
package io.t3d.pipeline.internal;

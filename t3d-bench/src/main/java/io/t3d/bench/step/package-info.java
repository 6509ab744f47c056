/** Whole training steps, timed, profiled and watched for memory, for the comparison scripts. */
@NullMarked
package io.t3d.bench.step;

import org.jspecify.annotations.NullMarked;

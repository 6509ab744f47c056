/** Whole training steps, timed, profiled and watched for memory, for the comparison scripts. */
package io.t3d.bench.step;

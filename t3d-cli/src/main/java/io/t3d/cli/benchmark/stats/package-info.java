/** Means, paired differences and tests over replicates, and the picture of them. */
package io.t3d.cli.benchmark.stats;

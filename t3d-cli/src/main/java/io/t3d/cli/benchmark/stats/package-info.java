/** Means, paired differences and tests over replicates, and the picture of them. */
@NullMarked
package io.t3d.cli.benchmark.stats;

import org.jspecify.annotations.NullMarked;

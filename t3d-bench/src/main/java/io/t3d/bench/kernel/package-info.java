/** JMH benchmarks of networks, losses and clustering kernels, each beside its plain form. */
@NullMarked
package io.t3d.bench.kernel;

import org.jspecify.annotations.NullMarked;

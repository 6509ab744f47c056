/** JMH benchmarks of networks, losses and clustering kernels, each beside its plain form. */
package io.t3d.bench.kernel;

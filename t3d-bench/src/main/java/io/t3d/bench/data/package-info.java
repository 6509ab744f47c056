/** JMH benchmarks of reading volumes, cropping, sampling views and loading batches. */
package io.t3d.bench.data;

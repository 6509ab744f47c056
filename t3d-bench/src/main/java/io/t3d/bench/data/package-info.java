/** JMH benchmarks of reading volumes, cropping, sampling views and loading batches. */
@NullMarked
package io.t3d.bench.data;

import org.jspecify.annotations.NullMarked;

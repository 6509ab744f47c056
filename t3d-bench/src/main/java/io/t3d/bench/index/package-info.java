/** Retrieval indexes over large galleries: recall, latency, time and disk to build. */
@NullMarked
package io.t3d.bench.index;

import org.jspecify.annotations.NullMarked;

/**
 * JMH benchmarks. Read the ratios within one run, not the times: machines differ, and a shared
 * machine differs from minute to minute.
 */
@NullMarked
package io.t3d.bench;

import org.jspecify.annotations.NullMarked;

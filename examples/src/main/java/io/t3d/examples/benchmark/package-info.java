/**
 * Pre-training methods compared with the same encoder, data and budget, on all tasks, over several
 * seeds. Settings → {@code BenchmarkRun} → a file per cell → {@code BenchmarkTable} and page.
 */
package io.t3d.examples.benchmark;

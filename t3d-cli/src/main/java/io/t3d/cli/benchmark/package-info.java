/**
 * Pre-training methods compared with the same encoder, data and budgets, on all tasks, over
 * replicates that each draw data and weights anew. Settings → {@code BenchmarkRun} → a file per
 * cell → {@code BenchmarkTable} and page. Tasks, measures and statistics have packages of their
 * own.
 */
@NullMarked
package io.t3d.cli.benchmark;

import org.jspecify.annotations.NullMarked;

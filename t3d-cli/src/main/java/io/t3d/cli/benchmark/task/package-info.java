/**
 * The benchmark's tasks: each takes a pre-trained model and a replicate's phantoms and gives
 * numbers. What several tasks need of a frozen model is computed once ({@code Frozen}).
 */
@NullMarked
package io.t3d.cli.benchmark.task;

import org.jspecify.annotations.NullMarked;

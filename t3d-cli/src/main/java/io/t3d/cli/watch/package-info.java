/** What tells others of a training while it runs: event files for TensorBoard, MLflow's service. */
@NullMarked
package io.t3d.cli.watch;

import org.jspecify.annotations.NullMarked;

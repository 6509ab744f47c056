/** Objectives of pre-training: T3D, its ablations, and the baselines. */
@NullMarked
package io.t3d.losses.objective;

import org.jspecify.annotations.NullMarked;

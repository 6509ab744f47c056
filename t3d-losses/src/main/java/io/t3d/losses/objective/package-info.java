/** What a pre-training run minimises: T3D, its ablations, and the baselines. */
package io.t3d.losses.objective;

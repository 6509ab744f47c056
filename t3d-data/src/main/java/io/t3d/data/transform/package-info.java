/**
 * Deterministic transforms of volumes: orientation, spacing, size, intensity. Each keeps the affine
 * in step with the voxels, so that a structure stays at its place in the world.
 *
 * <p>NaN voxels pass through all but {@link io.t3d.data.transform.IntensityWindow}, which maps them
 * to its lower end.
 */
@NullMarked
package io.t3d.data.transform;

import org.jspecify.annotations.NullMarked;

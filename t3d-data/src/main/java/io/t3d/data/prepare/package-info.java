/**
 * Preparation of volumes for training: preprocessing, the prepared Zarr folder, and checks of a
 * dataset.
 */
@NullMarked
package io.t3d.data.prepare;

import org.jspecify.annotations.NullMarked;

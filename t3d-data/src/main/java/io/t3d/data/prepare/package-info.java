/**
 * Volumes made ready for training: preprocessing, presets, the prepared Zarr folder, checks of a
 * data set.
 */
@NullMarked
package io.t3d.data.prepare;

import org.jspecify.annotations.NullMarked;

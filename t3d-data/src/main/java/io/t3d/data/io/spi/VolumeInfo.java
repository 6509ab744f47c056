package io.t3d.data.io.spi;

import io.t3d.core.volume.Affine;

/**
 * What a volume file says of itself.
 *
 * @param depth D
 * @param height H
 * @param width W
 * @param affine voxel (x, y, z) → world mm, RAS+
 * @param pixelType how voxels are stored, e.g. {@code int16}
 * @param reader the {@link VolumeReader#name()} that read it
 */
public record VolumeInfo(
    int depth, int height, int width, Affine affine, String pixelType, String reader) {}

package io.t3d.data.io.spi;

import io.t3d.core.volume.Affine;
import java.util.List;
import java.util.Objects;

/**
 * The header of a volume file: size, geometry and format.
 *
 * @param depth D
 * @param height H
 * @param width W
 * @param affine voxel (x, y, z) → world mm, RAS+
 * @param pixelType how voxels are stored, e.g. {@code int16}
 * @param reader the {@link VolumeReader#name()} that read it
 * @param modality {@code CT}, {@code MR}, …; empty when the file does not tell
 * @param warnings what is odd about the file though it can be read, one sentence each
 */
public record VolumeInfo(
    int depth,
    int height,
    int width,
    Affine affine,
    String pixelType,
    String reader,
    String modality,
    List<String> warnings) {
  /** Copies the warnings. */
  public VolumeInfo {
    Objects.requireNonNull(modality, "modality");
    warnings = List.copyOf(warnings);
  }

  /** Of a file that does not tell its modality, and about which nothing is odd. */
  public VolumeInfo(
      int depth, int height, int width, Affine affine, String pixelType, String reader) {
    this(depth, height, width, affine, pixelType, reader, "", List.of());
  }

  /** The same with other warnings. */
  public VolumeInfo withWarnings(List<String> others) {
    return new VolumeInfo(depth, height, width, affine, pixelType, reader, modality, others);
  }

  /** The same with another geometry. */
  public VolumeInfo withAffine(Affine other) {
    return new VolumeInfo(depth, height, width, other, pixelType, reader, modality, warnings);
  }
}

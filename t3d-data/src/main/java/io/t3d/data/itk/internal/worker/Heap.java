package io.t3d.data.itk.internal.worker;

import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.file.Path;

/** What a volume may need of the JVM's heap. */
public final class Heap {
  private static final long MOST_VOXELS = Integer.MAX_VALUE - 8L;

  private Heap() {}

  /** The most voxels that this JVM could hold. */
  static long mostVoxels() {
    return Math.min(MOST_VOXELS, Runtime.getRuntime().maxMemory() / Float.BYTES);
  }

  /** Refuses what cannot fit, before it is read. */
  public static void require(Path file, long voxels) throws VolumeFormatException {
    if (voxels > mostVoxels()) {
      throw new VolumeFormatException(
          file,
          "the header claims "
              + voxels
              + " voxels, this JVM can hold "
              + mostVoxels()
              + "; raise -Xmx if the size is right");
    }
  }
}

package io.t3d.data.itk.internal.read;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.itk.internal.worker.ItkNatives;
import io.t3d.data.itk.preset.T3dItk;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;

/**
 * Runs ITK inside the JVM, only ever on memory we allocated; the only user of the JavaCPP preset.
 */
public final class ItkMemory {
  private ItkMemory() {}

  /**
   * Loads ITK, once; JavaCPP's pointers work from then on. Unpacks the libraries first: the
   * preset's own loader would not find them.
   *
   * @return ITK's version
   */
  public static String load() throws IOException {
    ItkNatives.folder();
    return T3dItk.t3d_itk_version().getString();
  }

  /**
   * Resamples once.
   *
   * @param outputSize (x, y, z)
   * @param outputToInput output voxel (x, y, z) → input voxel
   * @param interpolation one of {@code T3dItk.T3D_ITK_…}
   */
  public static float[] resample(
      Volume v, int[] outputSize, Affine outputToInput, int interpolation) throws IOException {
    load();
    float[] out =
        new float
            [Math.multiplyExact(Math.multiplyExact(outputSize[0], outputSize[1]), outputSize[2])];
    int[] size = {v.width(), v.height(), v.depth()};
    int threads = Runtime.getRuntime().availableProcessors();
    int failed =
        T3dItk.t3d_itk_resample(
            v.voxels(), size, out, outputSize, outputToInput.matrix(), interpolation, threads);
    requireDone(failed);
    return out;
  }

  /**
   * Writes voxels to a file whose ending picks the format.
   *
   * @param voxels memory of that type
   * @param pixelType one of {@code T3dItk.T3D_ITK_…}
   */
  static void write(Path file, Pointer voxels, int pixelType, Volume geometry) throws IOException {
    load();
    Affine affine = geometry.affine();
    Spacing s = affine.spacing();
    double[] spacing = {s.x(), s.y(), s.z()};
    double[] origin = new double[3];
    double[] direction = new double[9];
    for (int row = 0; row < 3; row++) {
      double sign = row < 2 ? -1 : 1; // RAS → LPS
      origin[row] = sign * affine.get(row, 3) + 0.0;
      for (int col = 0; col < 3; col++) {
        direction[3 * row + col] = sign * affine.get(row, col) / spacing[col] + 0.0;
      }
    }
    int[] size = {geometry.width(), geometry.height(), geometry.depth()};
    requireDone(
        T3dItk.t3d_itk_write(file.toString(), voxels, pixelType, size, spacing, origin, direction));
  }

  private static void requireDone(int failed) throws IOException {
    if (failed != 0) {
      throw new IOException("ITK could not do it: " + T3dItk.t3d_itk_last_error().getString());
    }
  }
}

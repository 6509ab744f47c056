package io.t3d.data.itk.internal.read;

import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.io.spi.VolumeWriter;
import io.t3d.data.itk.preset.T3dItk;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * Writes {@code .nrrd} and {@code .mha}, uncompressed, through ITK. The file appears whole or not
 * at all: it is written beside its place, measured, and then moved there.
 */
public final class ItkWriter implements VolumeWriter {
  private static final List<String> SUFFIXES = List.of(".nrrd", ".mha");
  private static final int CHUNK = 1 << 16;
  private static final AtomicLong COUNTER = new AtomicLong();

  @Override
  public List<String> suffixes() {
    return SUFFIXES;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException when the type is {@code INT16_SCALED}, which these formats
   *     lack, or a voxel does not fit it
   */
  @Override
  public void write(Path file, Volume volume, PixelType type) throws IOException {
    String suffix = suffixOf(file);
    ItkMemory.load();
    try (Pointer voxels = voxels(volume.voxels(), type)) {
      Path temp = tempBeside(file, suffix);
      try {
        ItkMemory.write(temp, voxels, code(type), volume);
        requireWhole(temp, file, voxels);
        AtomicFiles.force(temp);
        moveInto(temp, file);
      } finally {
        Files.deleteIfExists(temp);
      }
    }
  }

  private static String suffixOf(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.stream()
        .filter(name::endsWith)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "The name must end with one of " + SUFFIXES + ", got " + file));
  }

  private static int code(PixelType type) {
    return switch (type) {
      case UINT8 -> T3dItk.T3D_ITK_UINT8;
      case INT16 -> T3dItk.T3D_ITK_INT16;
      case FLOAT32 -> T3dItk.T3D_ITK_FLOAT32;
      case INT16_SCALED ->
          throw new IllegalArgumentException(
              "INT16_SCALED needs a slope, which only NIfTI has; use FLOAT32, or write .nii.gz");
    };
  }

  private static Pointer voxels(float[] voxels, PixelType type) {
    return switch (type) {
      case UINT8 -> bytes(voxels);
      case INT16 -> shorts(voxels);
      case FLOAT32, INT16_SCALED -> new FloatPointer(voxels);
    };
  }

  private static Pointer bytes(float[] voxels) {
    BytePointer out = new BytePointer((long) voxels.length);
    byte[] chunk = new byte[CHUNK];
    for (int at = 0; at < voxels.length; at += CHUNK) {
      int count = Math.min(CHUNK, voxels.length - at);
      for (int i = 0; i < count; i++) {
        chunk[i] = (byte) rounded(voxels[at + i], 0, 255, PixelType.UINT8);
      }
      out.position(at).put(chunk, 0, count);
    }
    return out.position(0);
  }

  private static Pointer shorts(float[] voxels) {
    ShortPointer out = new ShortPointer((long) voxels.length);
    short[] chunk = new short[CHUNK];
    for (int at = 0; at < voxels.length; at += CHUNK) {
      int count = Math.min(CHUNK, voxels.length - at);
      for (int i = 0; i < count; i++) {
        chunk[i] =
            (short) rounded(voxels[at + i], Short.MIN_VALUE, Short.MAX_VALUE, PixelType.INT16);
      }
      out.position(at).put(chunk, 0, count);
    }
    return out.position(0);
  }

  private static int rounded(float value, int low, int high, PixelType type) {
    double r = Math.rint(value);
    if (!(r >= low && r <= high)) {
      throw new IllegalArgumentException(
          "The voxel value " + value + " does not fit " + type + "; use FLOAT32");
    }
    return (int) r;
  }

  /** ITK does not say when a disk is full. */
  private static void requireWhole(Path temp, Path file, Pointer voxels) throws IOException {
    long needed = voxels.limit() * voxels.sizeof();
    if (Files.size(temp) <= needed) {
      throw new IOException(
          file
              + ": only "
              + Files.size(temp)
              + " of more than "
              + needed
              + " bytes could be written; the disk is full?");
    }
  }

  private static Path tempBeside(Path file, String suffix) {
    long number = COUNTER.incrementAndGet();
    return file.toAbsolutePath()
        .resolveSibling(
            "."
                + file.getFileName()
                + "."
                + ProcessHandle.current().pid()
                + "-"
                + number
                + ".tmp"
                + suffix);
  }

  private static void moveInto(Path temp, Path file) throws IOException {
    try {
      Files.move(temp, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temp, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}

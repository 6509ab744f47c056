package io.t3d.data.io.internal.format;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads the volumes of RAD-ChestCT: a NumPy {@code .npz} with one array {@code ct} of shape
 * (slices, rows, columns), in HU clipped to ±1000 and resampled to 0.8 mm along each axis.
 *
 * <p>An {@code .npz} has no geometry of its own. What is given here is what the set's own pipeline
 * did (rachellea/ct-volume-preprocessing, commit f466a94, {@code preprocess_volumes.py}): only
 * scans with ImageOrientationPatient 1,0,0,0,1,0 were taken, slices were sorted from the highest
 * position down, and the result was resampled to 0.8 mm. So x grows to the patient's left, y to
 * posterior, z to inferior: {@code LPI}. The set's Extrema table agrees ({@code sup_axis0min},
 * {@code ant_axis1min}, {@code rig_axis2min}). The scan's place in the scanner is not kept: the
 * first voxel lies at the world's origin. Arrays are stored in Fortran or C order; both are read.
 *
 * <p>Safety: the array's size is checked against the entry's length before anything is allocated,
 * and the entry's CRC-32 is checked.
 */
public final class RadChestCtReader implements VolumeReader {
  private static final double SPACING_MM = 0.8;
  private static final String ENTRY = "ct.npy";
  private static final int CHUNK_BYTES = 1 << 18;

  @Override
  public String name() {
    return "rad-chestct-npz";
  }

  @Override
  public List<String> suffixes() {
    return List.of(".npz");
  }

  @Override
  public boolean needsLocalFiles() {
    return true;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Only the array's header is unpacked, so damage further in shows only in {@link #read}.
   */
  @Override
  public VolumeInfo info(Path path) throws IOException {
    try (ZipFile zip = new ZipFile(path.toFile());
        InputStream in = zip.getInputStream(entry(zip, path))) {
      NpyHeader h = NpyHeader.read(in, path);
      int[] shape = h.shape();
      return new VolumeInfo(shape[0], shape[1], shape[2], affine(), h.type().label(), name());
    } catch (ZipException e) {
      throw damaged(path, e);
    }
  }

  @Override
  public Volume read(Path path) throws IOException {
    try (ZipFile zip = new ZipFile(path.toFile())) {
      ZipEntry entry = entry(zip, path);
      CRC32 crc = new CRC32();
      try (InputStream in = new CheckedInputStream(zip.getInputStream(entry), crc)) {
        NpyHeader h = NpyHeader.read(in, path);
        checkSize(h, entry, path);
        float[] voxels = values(in, h, path);
        in.transferTo(OutputStream.nullOutputStream());
        if (crc.getValue() != entry.getCrc()) {
          throw new VolumeFormatException(path, "the checksum is wrong; copy the file again");
        }
        int[] s = h.shape();
        return new Volume(
            h.firstIndexFastest() ? reordered(voxels, s) : voxels, s[0], s[1], s[2], affine());
      }
    } catch (ZipException | EOFException e) {
      throw damaged(path, e);
    }
  }

  private static Affine affine() {
    return Affine.scaleTranslate(-SPACING_MM, -SPACING_MM, -SPACING_MM, 0, 0, 0);
  }

  private static ZipEntry entry(ZipFile zip, Path path) throws IOException {
    ZipEntry entry = zip.getEntry(ENTRY);
    if (entry == null) {
      throw new VolumeFormatException(
          path,
          "expected an array named ct, as in RAD-ChestCT, got "
              + zip.stream().map(ZipEntry::getName).toList());
    }
    return entry;
  }

  private static void checkSize(NpyHeader h, ZipEntry entry, Path path) throws IOException {
    long needed = h.count() * h.type().bytes();
    if (needed > entry.getSize()) {
      throw new VolumeFormatException(
          path,
          "truncated or corrupt: the array claims "
              + needed
              + " bytes, its entry has "
              + entry.getSize());
    }
    long heap = h.count() * Float.BYTES * (h.firstIndexFastest() ? 2 : 1);
    if (heap > Runtime.getRuntime().maxMemory()) {
      throw new VolumeFormatException(
          path, "the volume needs " + (heap >> 20) + " MiB as float32; raise -Xmx");
    }
  }

  private static float[] values(InputStream in, NpyHeader h, Path path) throws IOException {
    int bytes = h.type().bytes();
    float[] values = new float[(int) h.count()];
    byte[] chunk = new byte[CHUNK_BYTES];
    int count;
    for (int at = 0; at < values.length; at += count) {
      count = Math.min(CHUNK_BYTES / bytes, values.length - at);
      if (in.readNBytes(chunk, 0, count * bytes) < count * bytes) {
        throw new VolumeFormatException(path, "truncated: the array ends before its last value");
      }
      h.type()
          .decode(
              ByteBuffer.wrap(chunk).order(h.order()), NiftiType.Scaling.NONE, values, at, count);
    }
    return values;
  }

  /** From z fastest to x fastest. */
  private static float[] reordered(float[] values, int[] shape) {
    float[] out = new float[values.length];
    int in = 0;
    for (int x = 0; x < shape[2]; x++) {
      for (int y = 0; y < shape[1]; y++) {
        for (int z = 0; z < shape[0]; z++) {
          out[(z * shape[1] + y) * shape[2] + x] = values[in++];
        }
      }
    }
    return out;
  }

  private static VolumeFormatException damaged(Path path, IOException e) {
    return new VolumeFormatException(
        path,
        "the .npz archive is damaged or truncated (" + e.getMessage() + "); copy the file again",
        e);
  }
}

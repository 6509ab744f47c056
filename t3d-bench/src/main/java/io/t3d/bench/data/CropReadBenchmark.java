package io.t3d.bench.data;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.transform.Crop;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.data.zarr.internal.ZarrVolume;
import io.t3d.data.zarr.internal.ZarrWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A random crop of a CT in HU, read from a chunked Zarr volume and from {@code .nii.gz}, which has
 * to be read whole. Files lie in the page cache, so this is decompression, not the disk. The setup
 * checks that both give the same voxels.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class CropReadBenchmark {
  /** Named sizes: volume and crop. */
  public enum Size {
    /** For the smoke run. */
    TINY(12, 20, 24, 8),
    /** A chest CT. */
    CHEST_CT(150, 512, 512, 96);

    final int depth;
    final int height;
    final int width;
    final int crop;

    Size(int depth, int height, int width, int crop) {
      this.depth = depth;
      this.height = height;
      this.width = width;
      this.crop = crop;
    }
  }

  /** Which size. */
  @Param("CHEST_CT")
  public Size size;

  /** Voxels of a chunk along z, y, x. */
  @Param("32x64x64")
  public String chunk;

  /** Of Zstandard. */
  @Param("1")
  public int level;

  /** What the Zarr volume holds; {@code .nii.gz} always holds HU. */
  public enum Values {
    /** Whole HU. */
    HU,
    /** A window of HU in [0, 1], as {@code t3d preprocess} makes; here no voxel is resampled. */
    WINDOW
  }

  /** Which values. */
  @Param("HU")
  public Values values;

  /** Where both files are kept for {@code crop_read.py}; empty: nowhere. */
  @Param("")
  public String keep;

  private static final IntensityWindow WINDOW = IntensityWindow.between(-1000, 1000);

  private Path folder;
  private Path nifti;
  private Path stored;
  private ZarrVolume zarr;
  private SplittableRandom random;

  /** Writes both files; compares the two ways. */
  @Setup(Level.Trial)
  public void setup() throws IOException {
    folder =
        keep.isEmpty()
            ? Files.createTempDirectory("crop-read")
            : Files.createDirectories(Path.of(keep));
    nifti = folder.resolve("ct.nii.gz");
    stored = folder.resolve("ct.zarr");
    Volume volume = CtVolume.of(new Size3(size.depth, size.height, size.width), 7);
    NiftiWriter.write(nifti, volume, PixelType.INT16);
    int[] c = Arrays.stream(chunk.split("x")).mapToInt(Integer::parseInt).toArray();
    ZarrOptions options =
        new ZarrOptions(ZarrOptions.Values.INT16, new Size3(c[0], c[1], c[2]), level);
    if (Files.exists(stored)) {
      MoreFiles.deleteRecursively(stored, RecursiveDeleteOption.ALLOW_INSECURE);
    }
    long start = System.nanoTime();
    ZarrWriter.write(stored, prepared(volume), options, "{}");
    double seconds = (System.nanoTime() - start) / 1e9;
    zarr = ZarrVolume.open(stored);
    System.out.printf(
        Locale.ROOT,
        "# nii.gz %.1f MB, zarr %.1f MB written in %.2f s%n",
        Files.size(nifti) / 1e6,
        zarr.storedBytes() / 1e6,
        seconds);
    random = new SplittableRandom(1);
    for (int i = 0; i < 3; i++) {
      VoxelBox box = box();
      requireSame(zarr.read(box).voxels(), prepared(fromNifti(box)).voxels());
    }
  }

  private Volume prepared(Volume hounsfield) {
    return values == Values.HU ? hounsfield : WINDOW.apply(hounsfield);
  }

  private void requireSame(float[] fromZarr, float[] fromNifti) {
    double step = values == Values.HU ? 0 : zarr.scale() / 2;
    for (int i = 0; i < fromZarr.length; i++) {
      if (!(Math.abs(fromZarr[i] - fromNifti[i]) <= step)) {
        throw new IllegalStateException(
            "The two ways differ: " + fromZarr[i] + ", " + fromNifti[i]);
      }
    }
  }

  /** Removes the files. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    if (keep.isEmpty()) {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  /** From an open Zarr volume, as in training after the first epoch. */
  @Benchmark
  public Volume zarr() throws IOException {
    return zarr.read(box());
  }

  /** The same with opening, which reads the metadata. */
  @Benchmark
  public Volume zarrOpened() throws IOException {
    return ZarrVolume.open(stored).read(box());
  }

  /** From {@code .nii.gz}. */
  @Benchmark
  public Volume niftiGz() throws IOException {
    return fromNifti(box());
  }

  private Volume fromNifti(VoxelBox box) throws IOException {
    return new Crop(box, 0).apply(VolumeReaders.read(nifti));
  }

  private VoxelBox box() {
    int c = size.crop;
    return new VoxelBox(
        random.nextInt(size.depth - c + 1),
        random.nextInt(size.height - c + 1),
        random.nextInt(size.width - c + 1),
        c,
        c,
        c);
  }
}

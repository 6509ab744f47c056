package io.t3d.bench.data;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.transform.OrientAndResample;
import io.t3d.data.transform.Reorient;
import io.t3d.data.transform.Resample;
import io.t3d.data.transform.Transform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
 * From a CT file of int16 to RAS and 1 mm: read alone, read and then step by step, and in one pass.
 * The setup checks that the two ways give the same voxels. {@code -t 2} reads on two threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class VolumeReadBenchmark {
  private static final Spacing WANTED = Spacing.isotropic(1);

  /** Named sizes. */
  public enum Size {
    /** For the smoke run. */
    TINY(new Size3(4, 16, 16)),
    /** A chest CT of 0.7 × 0.7 × 2 mm. */
    CHEST(new Size3(150, 512, 512));

    final Size3 voxels;

    Size(Size3 voxels) {
      this.voxels = voxels;
    }
  }

  /** Which size. */
  @Param("CHEST")
  public Size size;

  /** File ending. */
  @Param({".nii.gz", ".nii"})
  public String suffix;

  private final OrientAndResample onePass = new OrientAndResample("RAS", WANTED);
  private final Transform steps = new Reorient("RAS").then(new Resample(WANTED));
  private Path file;

  /** Writes the file; compares the two ways. */
  @Setup(Level.Trial)
  public void setup() throws IOException {
    file = Files.createTempFile("t3d-bench-", suffix);
    NiftiWriter.write(file, noise(size.voxels), PixelType.INT16);
    if (!Arrays.equals(readInOnePass().voxels(), readThenSteps().voxels())) {
      throw new IllegalStateException("The two ways differ");
    }
  }

  /** Noise of 25 HU, which packs as badly as a real CT does. */
  private static Volume noise(Size3 n) {
    SplittableRandom random = new SplittableRandom(1);
    float[] voxels = new float[n.depth() * n.height() * n.width()];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) (25 * random.nextGaussian());
    }
    Affine lps = Affine.scaleTranslate(-0.7, -0.7, 2, 179, 179, -150);
    return new Volume(voxels, n.depth(), n.height(), n.width(), lps);
  }

  /** Removes the file. */
  @TearDown(Level.Trial)
  public void tearDown() throws IOException {
    Files.deleteIfExists(file);
  }

  /** The file as it is. */
  @Benchmark
  public Volume read() throws IOException {
    return VolumeReaders.read(file);
  }

  /** Read, then reorient, then resample. */
  @Benchmark
  public Volume readThenSteps() throws IOException {
    return steps.apply(VolumeReaders.read(file));
  }

  /** Reorient and resample while reading. */
  @Benchmark
  public Volume readInOnePass() throws IOException {
    return onePass.read(file);
  }
}

package io.t3d.cli.print;

import io.t3d.cli.option.ResampleMasks;
import io.t3d.cli.option.WindowConverter;
import io.t3d.cli.picture.SliceImages;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.volume.Volume;
import io.t3d.data.prepare.Masks;
import io.t3d.data.transform.IntensityWindow;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of a command that draw a volume, and the drawing. */
public final class Montage {
  @Option(
      names = "--montage",
      paramLabel = "PNG",
      description = "Draw axial, coronal and sagittal slices into this file.")
  private @Nullable Path file;

  @Option(
      names = "--window",
      paramLabel = "WINDOW",
      converter = WindowConverter.class,
      description =
          "Grey values of the montage: chest, lung, soft-tissue, bone or LEVEL,WIDTH; the 0.5th to"
              + " 99.5th percentile when left out.")
  private @Nullable IntensityWindow window;

  @Option(
      names = "--mask",
      paramLabel = "FILE",
      description =
          "A segmentation of the volume, outlined beside the plain slices, a colour per label.")
  private @Nullable Path mask;

  @Option(
      names = "--mask-names",
      paramLabel = "NAME",
      split = ",",
      description = "Names of the mask's labels 1, 2, …, for the legend.")
  private String[] maskNames = {};

  @Mixin private ResampleMasks resampleMasks;

  @Option(
      names = "--slices",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Rows of the montage: where most of the mask is, else spread over the volume; 1 when left"
              + " out.")
  private int slices;

  /** Fails when a picture was asked for, where there is no one volume to draw. */
  public void requireNone() {
    if (file != null || mask != null || window != null || slices != 1 || maskNames.length > 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--montage, --window, --mask, --mask-names and --slices draw one volume; leave them out with --all");
    }
  }

  /** Checks that a picture can be written, if one was asked for. */
  public void requireWritable() {
    if (file != null) {
      OutputCheck.file(file);
    }
  }

  /** Draws the picture if one was asked for. */
  public void draw(Volume volume) throws IOException {
    if (file == null) {
      if (mask != null || window != null || slices != 1 || maskNames.length > 0) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "--window, --mask, --mask-names and --slices belong to a picture; name its file with --montage");
      }
      return;
    }
    if (slices < 1) {
      throw new T3dException(T3dException.Kind.USAGE, "--slices must be >= 1, got " + slices);
    }
    Optional<Volume> overlay =
        mask == null
            ? Optional.empty()
            : Optional.of(Masks.read(mask, volume, resampleMasks.otherGrid()));
    IntensityWindow grey = window == null ? IntensityWindow.ofPercentiles(volume) : window;
    SliceImages picture = SliceImages.of(volume, grey).rows(slices);
    overlay.ifPresent(m -> picture.mask(m, List.of(maskNames)));
    ByteBuffer png = ByteBuffer.wrap(picture.png());
    AtomicFiles.write(
        file,
        channel -> {
          while (png.hasRemaining()) {
            channel.write(png);
          }
        });
  }
}

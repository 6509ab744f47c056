package io.t3d.cli.command;

import io.t3d.cli.option.SegmenterOption;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OsPaths;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.load.VolumeSegmenter;
import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d segment predict}. */
@Command(
    name = "predict",
    description = "Write masks of volumes as NIfTI, on the volumes' own voxels.",
    mixinStandardHelpOptions = true)
final class SegmentPredictCommand implements Callable<Integer> {
  @Mixin private SegmenterOption segmenter;

  @Option(
      names = "--input",
      required = true,
      arity = "1..*",
      paramLabel = "VOLUME",
      description = "Volume files or DICOM folders.")
  private List<Path> inputs;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Gets NAME.mask.nii.gz per volume; none may exist.")
  private Path out;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    OutputCheck.folder(out);
    Map<Path, Path> targets = targets();
    PrintWriter stdout = spec.commandLine().getOut();
    try (TrainedSegmenter trained = segmenter.open();
        Progress progress = Progress.overItems("Segmenting", targets.size())) {
      VolumeSegmenter onRaw = trained.onRawVolumes();
      int done = 0;
      for (Map.Entry<Path, Path> each : targets.entrySet()) {
        Volume mask = onRaw.segment(VolumeReaders.read(each.getKey()));
        NiftiWriter.write(each.getValue(), mask, PixelType.UINT8);
        stdout.println(each.getValue());
        progress.to(++done);
      }
    }
    stdout.flush();
    return 0;
  }

  private Map<Path, Path> targets() {
    Map<Path, Path> targets = new LinkedHashMap<>();
    for (Path input : inputs) {
      String name = OsPaths.resolve(input).getFileName().toString();
      String stem = name.replaceFirst("(?i)\\.(nii\\.gz|nii|nrrd|mha|mhd|npz|zarr)$", "");
      Path target = out.resolve(stem + ".mask.nii.gz");
      if (Files.exists(target) || targets.containsValue(target)) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            target + " would be overwritten; choose another --out, or name the volumes apart");
      }
      targets.put(input, target);
    }
    return targets;
  }
}

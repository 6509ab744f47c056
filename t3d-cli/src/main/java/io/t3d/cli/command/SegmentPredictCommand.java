package io.t3d.cli.command;

import io.t3d.cli.option.PushOption;
import io.t3d.cli.option.ResultSoftware;
import io.t3d.cli.option.SegmenterOption;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OsPaths;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.volume.Volume;
import io.t3d.data.dicom.CodeTable;
import io.t3d.data.dicom.DicomSegmentation;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.itk.DicomSeries;
import io.t3d.data.load.VolumeSegmenter;
import io.t3d.pipeline.TrainedSegmenter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d segment predict}. */
@Command(
    name = "predict",
    description = "Write masks of volumes as NIfTI or DICOM, on the volumes' own voxels.",
    mixinStandardHelpOptions = true)
final class SegmentPredictCommand implements Callable<Integer> {
  private static final String NIFTI = ".mask.nii.gz";
  private static final String DICOM = ".seg.dcm";

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
      description =
          "Gets NAME.mask.nii.gz per volume, with --dicom-seg NAME.seg.dcm; none may exist.")
  private Path out;

  /** Which files are written with {@code --dicom-seg}. */
  enum DicomSeg {
    BESIDE,
    ONLY
  }

  @Option(
      names = "--dicom-seg",
      arity = "0..1",
      fallbackValue = "BESIDE",
      paramLabel = "only",
      description =
          "Write a DICOM segmentation of each DICOM series too; with =only no NIfTI"
              + " (docs/pacs.md).")
  private @Nullable DicomSeg dicomSeg;

  @Option(
      names = "--segment-codes",
      paramLabel = "JSON",
      description = "Codes of structures in place of T3D's, by name (docs/pacs.md).")
  private @Nullable Path segmentCodes;

  @Mixin private PushOption push;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (dicomSeg == null && (push.isAsked() || segmentCodes != null)) {
      throw new T3dException(
          T3dException.Kind.USAGE, "--push and --segment-codes are about DICOM: add --dicom-seg");
    }
    OutputCheck.folder(out);
    Optional<DicomWebClient> archive = push.client();
    CodeTable codes = segmentCodes == null ? CodeTable.standard() : CodeTable.load(segmentCodes);
    Map<Path, String> stems = stems();
    PrintWriter stdout = spec.commandLine().getOut();
    try (TrainedSegmenter trained = segmenter.open();
        Progress progress = Progress.overItems("Segmenting", stems.size())) {
      Optional<DicomSegmentation> dicom =
          dicomSeg == null ? Optional.empty() : Optional.of(dicom(trained, codes));
      VolumeSegmenter onRaw = trained.onRawVolumes();
      int done = 0;
      for (Map.Entry<Path, String> each : stems.entrySet()) {
        // Before the work: a NIfTI has no series to refer to.
        Optional<DicomSeries> series =
            dicom.isPresent()
                ? Optional.of(DicomSeries.only(VolumeFinder.one(each.getKey())))
                : Optional.empty();
        Volume mask = onRaw.segment(VolumeReaders.read(each.getKey()));
        if (dicomSeg != DicomSeg.ONLY) {
          Path file = out.resolve(each.getValue() + NIFTI);
          NiftiWriter.write(file, mask, PixelType.UINT8);
          stdout.println(file);
        }
        if (dicom.isPresent()) {
          Path file = out.resolve(each.getValue() + DICOM);
          dicom.get().write(series.orElseThrow(), mask, file);
          stdout.println(file);
          if (archive.isPresent()) {
            archive.get().store(List.of(file));
          }
        }
        progress.to(++done);
      }
    }
    stdout.flush();
    return 0;
  }

  private DicomSegmentation dicom(TrainedSegmenter trained, CodeTable codes) throws IOException {
    List<DicomSegmentation.Segment> segments =
        trained.segmenter().config().classes().stream()
            .map(
                c ->
                    new DicomSegmentation.Segment(
                        c.name(), c.values().get(0), codes.codes(c.name())))
            .toList();
    return new DicomSegmentation(
        segments, ResultSoftware.of("T3D segmenter", segmenter.folder()), "T3D segmentation");
  }

  /** The names of the files of each volume, none of which exists; all volumes do. */
  private Map<Path, String> stems() throws IOException {
    Map<Path, String> stems = new LinkedHashMap<>();
    for (Path input : inputs) {
      if (!Files.exists(input)) {
        throw new NoSuchFileException(input.toString());
      }
      String name = OsPaths.resolve(input).getFileName().toString();
      String stem = name.replaceFirst("(?i)\\.(nii\\.gz|nii|nrrd|mha|mhd|npz|zarr)$", "");
      boolean nifti = dicomSeg != DicomSeg.ONLY;
      Path target = out.resolve(stem + (nifti ? NIFTI : DICOM));
      boolean there =
          Files.exists(target)
              || (dicomSeg != null && Files.exists(out.resolve(stem + DICOM)))
              || stems.containsValue(stem);
      if (there) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            target + " would be overwritten; choose another --out, or name the volumes apart");
      }
      stems.put(input, stem);
    }
    return stems;
  }
}

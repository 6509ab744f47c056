package io.t3d.cli.pacs;

import io.t3d.cli.option.DeviceOption;
import io.t3d.cli.option.DicomWebAuth;
import io.t3d.cli.print.Progress;
import io.t3d.core.T3dException;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OutputCheck;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.DicomWebException;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d pacs pull}: series of an archive into files or embeddings. */
@Command(
    name = "pull",
    description =
        "Fetch series from an archive (DICOMweb) into a folder with a manifest, or straight into"
            + " embeddings; a second run goes on.",
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  /** Kinds of series that hold no volume. */
  private static final Set<String> NO_IMAGES =
      Set.of("SEG", "SR", "PR", "KO", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG", "DOC", "ECG", "AU");

  @Option(
      names = "--dicomweb",
      required = true,
      paramLabel = "URL",
      description = "The archive's DICOMweb service, e.g. https://pacs.example/dicom-web.")
  private String address;

  @Mixin private DicomWebAuth auth;

  @Option(
      names = "--query",
      required = true,
      split = ",",
      paramLabel = "KEY=VALUE",
      description =
          "Which series, by keywords of DICOM, e.g. PatientID=77,Modality=CT; * and ? as in DICOM.")
  private Map<String, String> query;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Most series (${DEFAULT-VALUE}).")
  private int limit;

  @ArgGroup(multiplicity = "1")
  private Target target;

  static final class Target {
    @ArgGroup(exclusive = false)
    private @Nullable Embedding embedding;

    @Option(
        names = "--manifest-out",
        required = true,
        paramLabel = "DIR",
        description = "Gets series/ID/*.dcm and manifest.csv; files in it name patients.")
    private @Nullable Path manifest;
  }

  static final class Embedding {
    @Option(
        names = "--checkpoint",
        required = true,
        paramLabel = "DIR",
        description = "A checkpoint, or the --out folder of pretrain.")
    private Path checkpoint;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE",
        description =
            "A .safetensors file: embeddings (n, E), L2-normalised; the series' addresses in its"
                + " metadata.")
    private Path out;
  }

  @Mixin private DeviceOption device;

  @Option(
      names = "--skip-bad",
      description = "List series that cannot be fetched or read and go on, instead of stopping.")
  private boolean skipBad;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (limit < 1) {
      throw new T3dException(T3dException.Kind.USAGE, "--limit must be >= 1, got " + limit);
    }
    DicomWebClient archive = auth.client(address);
    if (target.manifest != null) {
      OutputCheck.folder(target.manifest);
      try (FolderLock lock = FolderLock.take(target.manifest)) {
        PulledFolder folder = new PulledFolder(target.manifest);
        List<RemoteSeries> done = each(archive, folder::pull);
        folder.writeManifest(done);
        tell(done.size() + " series in " + target.manifest);
      }
      return 0;
    }
    Embedding e = java.util.Objects.requireNonNull(target.embedding);
    OutputCheck.file(e.out);
    try (TrainedModel model = TrainedModel.open(e.checkpoint, device.device());
        PulledEmbeddings vectors = PulledEmbeddings.open(e.out, e.checkpoint)) {
      List<RemoteSeries> done = each(archive, (a, series) -> vectors.pull(a, series, model));
      vectors.write(done, model);
      tell(done.size() + " series embedded in " + e.out);
    }
    return 0;
  }

  private void tell(String text) {
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.println(text);
    stdout.flush();
  }

  private interface Work {
    void on(DicomWebClient archive, RemoteSeries series) throws IOException;
  }

  /** Works on each series that was found; returns those that went well. */
  private List<RemoteSeries> each(DicomWebClient archive, Work work) throws IOException {
    List<RemoteSeries> found =
        archive.search(new LinkedHashMap<>(query), limit).stream()
            .filter(s -> !NO_IMAGES.contains(s.modality()))
            .toList();
    if (found.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The archive has no series of images that fit --query; are its keywords and values right?");
    }
    List<RemoteSeries> done = new ArrayList<>();
    try (Progress progress = Progress.overItems("Pulling", found.size())) {
      for (RemoteSeries series : found) {
        try {
          work.on(archive, series);
          done.add(series);
        } catch (DicomWebException | VolumeFormatException e) {
          if (!skipBad) {
            throw e;
          }
          PrintWriter err = spec.commandLine().getErr();
          err.println("t3d: left out: " + e.getMessage());
          err.flush();
        }
        progress.to(done.size());
      }
    }
    if (done.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT, "All " + found.size() + " series that were found are bad");
    }
    return done;
  }
}

package io.t3d.cli.pacs;

import io.t3d.cli.option.CheckpointOption;
import io.t3d.cli.option.PushOption;
import io.t3d.cli.option.ResultSoftware;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OutputCheck;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.dicom.CodeTable;
import io.t3d.data.dicom.DicomReport;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.itk.DicomSeries;
import io.t3d.pipeline.Prompts;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./t3d pacs report}: zero-shot findings of a series as a DICOM SR. */
@Command(
    name = "report",
    description = "Write zero-shot findings of a DICOM series as a DICOM SR (TID 1500).",
    mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
  @Mixin private CheckpointOption checkpoint;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "SERIES",
      description = "A folder with one DICOM series.")
  private Path input;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The report, e.g. sr.dcm; replaced when it exists.")
  private Path out;

  @Option(
      names = "--prompts",
      paramLabel = "YAML",
      description = "Prompts per finding (default: those that the checkpoint was trained with).")
  private @Nullable Path prompts;

  @Option(
      names = "--codes",
      paramLabel = "JSON",
      description = "Codes of findings in place of T3D's, by name (docs/pacs.md).")
  private @Nullable Path codes;

  @Mixin private PushOption push;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    OutputCheck.file(out);
    Optional<DicomWebClient> archive = push.client();
    CodeTable table = codes == null ? CodeTable.standard() : CodeTable.load(codes);
    DicomSeries series = DicomSeries.only(VolumeFinder.one(input));
    Map<String, Double> found;
    try (TrainedModel trained = checkpoint.open()) {
      found = trained.zeroShot(input, promptsOf(trained));
    }
    List<DicomReport.Finding> findings = new ArrayList<>();
    found.forEach(
        (name, probability) ->
            findings.add(new DicomReport.Finding(name, table.codes(name).type(), probability)));
    new DicomReport(
            findings,
            ResultSoftware.of("T3D zero-shot", checkpoint.folder()),
            "T3D zero-shot findings")
        .write(series, out);
    if (archive.isPresent()) {
      archive.get().store(List.of(out));
    }
    PrintWriter stdout = spec.commandLine().getOut();
    found.forEach((name, p) -> stdout.printf(Locale.ROOT, "%-24s %.4f%n", name, p));
    stdout.println(out);
    stdout.flush();
    return 0;
  }

  private List<FindingPrompts> promptsOf(TrainedModel trained) throws IOException {
    List<FindingPrompts> used =
        prompts == null ? trained.prompts() : Prompts.load(prompts).prompts();
    if (used.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          checkpoint.folder() + " has no prompts of its own; give --prompts YAML");
    }
    return used;
  }
}

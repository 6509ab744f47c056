package io.t3d.cli.published;

import io.t3d.pipeline.published.PublishedModels;
import io.t3d.pipeline.published.PublishedNote;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./t3d import}: a published model as a folder that every command opens. */
@Command(
    name = "import",
    description = "Make a folder of a published model (CT-CLIP, …) that every command opens.",
    mixinStandardHelpOptions = true)
public final class ImportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      description = "Weights: a file of torch.save, safetensors, or a folder with them.")
  private List<Path> files;

  @Option(
      names = "--from",
      paramLabel = "KIND",
      completionCandidates = Kinds.class,
      description = "${COMPLETION-CANDIDATES}; found by the file's tensors when left out.")
  private Optional<String> from;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description = "A HuggingFace folder with the model's tokenizer, where the file has none.")
  private Optional<Path> tokenizer;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The folder; missing, empty, or an earlier import.")
  private Path out;

  @Spec private CommandSpec spec;

  /** What --from takes. */
  static final class Kinds implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return PublishedModels.names().iterator();
    }
  }

  @Override
  public Integer call() throws IOException {
    PublishedNote note = PublishedModels.importTo(files, from, tokenizer, out);
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.printf("%s imported to %s%n", note.name(), out);
    stdout.printf("licence: %s%n", note.licence());
    note.remarks().forEach(remark -> stdout.printf("note: %s%n", remark));
    stdout.flush();
    return 0;
  }
}

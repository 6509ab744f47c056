package io.t3d.pipeline;

import io.t3d.core.config.Configs;
import io.t3d.core.task.classify.FindingPrompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Prompts for zero-shot classification, kept in a YAML file.
 *
 * @param prompts one entry per finding; {@code finding} equals the manifest's {@code label:NAME}
 */
public record Prompts(List<FindingPrompts> prompts) {
  /** Name of the file that a data set's prompts are kept in, beside its manifest. */
  private static final String FILE_NAME = "prompts.yaml";

  /** Copies the list. */
  public Prompts {
    prompts = List.copyOf(Objects.requireNonNull(prompts, "prompts"));
  }

  /** Reads a file of prompts. */
  public static Prompts load(Path file) throws IOException {
    return Configs.load(file, Prompts.class);
  }

  /** The file of prompts that came with a data set, if it is there. */
  public static Optional<Path> beside(Path manifest) {
    Path file = manifest.toAbsolutePath().resolveSibling(FILE_NAME);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /** The usual phrases around each label's name, where nobody has written better ones. */
  public static Prompts around(List<String> labels) {
    return new Prompts(
        labels.stream()
            .map(
                label -> {
                  FindingPrompts usual = FindingPrompts.of(label.replace('_', ' '));
                  return new FindingPrompts(label, usual.positive(), usual.negative());
                })
            .toList());
  }
}

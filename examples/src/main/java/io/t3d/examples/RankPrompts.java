package io.t3d.examples;

import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Tells which findings a scan shows, by text alone: {@code RankPrompts run volume [finding …]}.
 * Nothing is trained; the names of findings are put into the usual phrases of reports.
 */
public final class RankPrompts {
  private RankPrompts() {}

  /** Runs; arguments are the folder of a run, a volume and names of findings. */
  public static void main(String[] args) throws IOException {
    try (TrainedModel model = TrainedModel.open(Path.of(args[0]))) {
      List<FindingPrompts> prompts =
          args.length > 2
              ? Stream.of(args).skip(2).map(FindingPrompts::of).toList()
              : model.prompts(); // those of the data set it was trained on
      Map<String, Double> found = model.zeroShot(Path.of(args[1]), prompts);
      found.entrySet().stream()
          .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
          .forEach(e -> System.out.printf("%-24s %.3f%n", e.getKey(), e.getValue()));
    }
  }
}

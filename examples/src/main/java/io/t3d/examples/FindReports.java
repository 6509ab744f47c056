package io.t3d.examples;

import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds the reports of a manifest that fit a scan best: {@code FindReports run volume
 * manifest.csv}.
 */
public final class FindReports {
  private static final int COUNT = 3;

  private FindReports() {}

  /** Runs; arguments are the folder of a run, a volume and a manifest. */
  public static void main(String[] args) throws IOException {
    List<String> reports =
        Manifest.read(Path.of(args[2])).rows().stream().map(ManifestRow::report).toList();
    try (TrainedModel model = TrainedModel.open(Path.of(args[0]))) {
      for (TrainedModel.Match match : model.retrieve(Path.of(args[1]), reports, COUNT)) {
        System.out.printf("%.3f  %s%n", match.similarity(), reports.get(match.index()));
      }
    }
  }
}

package io.t3d.examples;

import io.t3d.core.model.Relevance;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Tells where in the patient the tokens lie that gather around a sentence: {@code PointToSentence
 * run volume "Small right pleural effusion."}. docs/relevance.md says how well that points.
 */
public final class PointToSentence {
  private PointToSentence() {}

  /** Runs; arguments are the folder of a run, a volume and sentences. */
  public static void main(String[] args) throws IOException {
    List<String> sentences = List.of(args).subList(2, args.length);
    try (TrainedModel model = TrainedModel.open(Path.of(args[0]))) {
      for (Relevance where : model.relevance(Path.of(args[1]), sentences)) {
        double[] mm = where.peak(); // RAS+: right, anterior and superior are positive
        System.out.printf(
            "%s  fits %.3f, most at (%.0f, %.0f, %.0f) mm%n",
            where.text(), where.score(), mm[0], mm[1], mm[2]);
      }
    }
  }
}

package io.t3d.losses.internal;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Shapes;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import java.util.List;

/** Whether a model's output is that of one batch, in float32, before a loss looks at it. */
public final class OutputChecks {
  private OutputChecks() {}

  /**
   * Requires embeddings {@code (B, E)} and tokens {@code (B, N, E)} of one B and E.
   *
   * @throws IllegalArgumentException when a shape or dtype differs
   */
  public static void requireOneBatch(List<ViewFeatures> views) {
    long b = views.get(0).embedding().getShape().get(0);
    long e = views.get(0).embedding().getShape().get(1);
    String hint = "N is the view's TokenGrid, B and E those of view 0";
    for (ViewFeatures view : views) {
      require("embedding", view.embedding(), "B, E", hint, b, e);
      require("tokens", view.tokens(), "B, N, E", hint, b, view.grid().size(), e);
    }
  }

  /**
   * Requires sentences of the views' pairs.
   *
   * @throws IllegalArgumentException when there are none, or a shape, a dtype or the number of
   *     pairs differs
   */
  public static SentenceFeatures requireSentences(T3DOutput output) {
    long b = output.views().get(0).embedding().getShape().get(0);
    long e = output.views().get(0).embedding().getShape().get(1);
    SentenceFeatures sentences =
        output
            .sentences()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "TMA needs sentences of the reports, but the model's output has none: pass"
                            + " T3DModel.tokenize(manager, ReportSentences.draw(…)) to forward"));
    require(
        "sentences",
        sentences.embeddings(),
        "T, E",
        "one row per text, all of one T3DModel.forward",
        sentences.sentences().size(),
        e);
    if (sentences.sentences().pairs() != b) {
      throw new IllegalArgumentException(
          "sentences must be of the B = " + b + " pairs, got " + sentences.sentences().pairs());
    }
    return sentences;
  }

  /** Requires a shape and float32. */
  public static void require(String name, NDArray array, String axes, String hint, long... shape) {
    Shapes.check(name, array, axes, hint, shape);
    BatchArrays.requireFloat32(name, array);
  }
}

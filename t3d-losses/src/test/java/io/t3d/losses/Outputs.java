package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Random model outputs with known geometry, and gradients of them. */
public final class Outputs {
  public static final int E = 6;
  public static final int K = 5;

  // Of the float32 computation against PyTorch's in float64.
  private static final double TERMS = 5e-4;
  private static final double GRADIENTS = 2e-3;

  private Outputs() {}

  /** A 2×2×2 grid of 10 mm tokens whose first token lies at (offset, 0, 0) mm, for every pair. */
  public static TokenGrid cube(int pairs, double offset) {
    return new TokenGrid(
        2, 2, 2, Collections.nCopies(pairs, Affine.scaleTranslate(10, 10, 10, offset, 0, 0)));
  }

  public static NDArray random(NDManager manager, SplittableRandom random, long... shape) {
    float[] values = new float[(int) new Shape(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextDouble() * 2 - 1);
    }
    return manager.create(values, new Shape(shape));
  }

  public static NDArray unitRows(NDManager manager, SplittableRandom random, long rows) {
    try (NDArray raw = random(manager, random, rows, E)) {
      return raw.normalize(2, 1);
    }
  }

  public static ViewFeatures view(
      NDManager manager, SplittableRandom random, View.Kind kind, TokenGrid grid) {
    int b = grid.affines().size();
    return new ViewFeatures(
        kind, unitRows(manager, random, b), random(manager, random, b, grid.size(), E), grid);
  }

  /** Two global views that overlap in half of their tokens, and one local view. */
  public static T3DOutput threeViews(NDManager manager, int pairs, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return output(
        manager,
        random,
        List.of(
            view(manager, random, View.Kind.GLOBAL, cube(pairs, 0)),
            view(manager, random, View.Kind.GLOBAL, cube(pairs, 10)),
            view(manager, random, View.Kind.LOCAL, cube(pairs, 8))));
  }

  public static T3DOutput output(
      NDManager manager, SplittableRandom random, List<ViewFeatures> views) {
    long b = views.get(0).embedding().getShape().get(0);
    return new T3DOutput(
        views,
        unitRows(manager, random, b),
        Optional.of(sentences(manager, random, (int) b)),
        manager.create((float) Math.log(1 / 0.07)));
  }

  /** Two sentences of each pair; the very first also stands in the last pair's report. */
  public static SentenceFeatures sentences(NDManager manager, SplittableRandom random, int pairs) {
    List<String> texts = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    List<Set<Integer>> standsIn = new ArrayList<>();
    for (int t = 0; t < 2 * pairs; t++) {
      texts.add("sentence " + t);
      owners.add(t / 2);
      standsIn.add(t == 0 && pairs > 1 ? Set.of(0, pairs - 1) : Set.of(t / 2));
    }
    return new SentenceFeatures(
        unitRows(manager, random, 2L * pairs), new ReportSentences(texts, owners, standsIn, pairs));
  }

  public static NDArray prototypes(NDManager manager, long seed) {
    return unitRows(manager, new SplittableRandom(seed), K);
  }

  /** Every array that a loss may look at. */
  public static List<NDArray> leaves(T3DOutput output) {
    List<NDArray> leaves = new ArrayList<>();
    for (ViewFeatures v : output.views()) {
      leaves.addAll(List.of(v.embedding(), v.tokens()));
    }
    leaves.addAll(List.of(output.textEmbeddings(), output.logitScale()));
    output.sentences().ifPresent(s -> leaves.add(s.embeddings()));
    return leaves;
  }

  /** Backward; gradients are then in the leaves. Returns the loss. */
  public static float backward(List<NDArray> leaves, Supplier<NDArray> loss) {
    leaves.forEach(x -> x.setRequiresGradient(true));
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray value = loss.get();
      collector.backward(value);
      return value.getFloat();
    }
  }

  /** Backward; gradients are then in the leaves. Returns the loss and its parts. */
  public static LossTerms backwardTerms(List<NDArray> leaves, Supplier<LossTerms> loss) {
    LossTerms[] terms = new LossTerms[1];
    backward(
        leaves,
        () -> {
          terms[0] = loss.get();
          return terms[0].total();
        });
    return terms[0];
  }

  /** The total, the parts in order, and each leaf's gradient, if it has one. */
  static List<float[]> valuesAndGradients(LossTerms terms, List<NDArray> leaves) {
    List<float[]> values = new ArrayList<>();
    values.add(terms.total().toFloatArray());
    terms.parts().values().forEach(part -> values.add(part.toFloatArray()));
    for (NDArray leaf : leaves) {
      NDArray gradient = leaf.getGradient();
      values.add(gradient == null ? new float[0] : gradient.toFloatArray());
    }
    return values;
  }

  /** The views of a golden file and, where it has "queries", its sentences. */
  static T3DOutput golden(NDManager manager, JsonNode golden) {
    List<ViewFeatures> views = new ArrayList<>();
    for (JsonNode v : golden.get("views")) {
      List<Affine> affines = new ArrayList<>();
      v.get("affines").forEach(a -> affines.add(Affine.of(Golden.doubles(a))));
      double[] size = Golden.doubles(v.get("grid"));
      views.add(
          new ViewFeatures(
              View.Kind.valueOf(v.get("kind").asText()),
              Golden.array(manager, v.get("embedding")),
              Golden.array(manager, v.get("tokens")),
              new TokenGrid((int) size[0], (int) size[1], (int) size[2], affines)));
    }
    return new T3DOutput(
        views,
        manager.ones(new Shape(views.get(0).embedding().getShape().get(0), 1)),
        golden.has("queries") ? Optional.of(goldenSentences(manager, golden)) : Optional.empty(),
        manager.create(1f));
  }

  private static SentenceFeatures goldenSentences(NDManager manager, JsonNode golden) {
    List<String> texts = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    List<Set<Integer>> standsIn = new ArrayList<>();
    for (int t = 0; t < golden.get("owners").size(); t++) {
      texts.add("sentence " + t);
      owners.add(golden.get("owners").get(t).asInt());
      Set<Integer> in = new HashSet<>();
      golden.get("standsIn").get(t).forEach(i -> in.add(i.asInt()));
      standsIn.add(in);
    }
    int pairs = golden.get("patients").size();
    return new SentenceFeatures(
        Golden.array(manager, golden.get("queries")),
        new ReportSentences(texts, owners, standsIn, pairs));
  }

  /** The total and the parts of a golden case. */
  static void assertTerms(LossTerms terms, JsonNode golden, String what) {
    assertThat((double) terms.total().getFloat())
        .as(what)
        .isCloseTo(golden.get("total").asDouble(), within(TERMS));
    for (Map.Entry<String, JsonNode> wanted : golden.get("parts").properties()) {
      assertThat(terms.parts()).as(what).containsKey(wanted.getKey());
      assertThat((double) terms.parts().get(wanted.getKey()).getFloat())
          .as("%s of %s", wanted.getKey(), what)
          .isCloseTo(wanted.getValue().asDouble(), within(TERMS));
    }
  }

  /** The gradients of a golden case in embeddings and tokens; what it does not name has none. */
  static void assertGradients(List<ViewFeatures> views, JsonNode golden) {
    for (int v = 0; v < views.size(); v++) {
      Map<String, NDArray> arrays =
          Map.of("embedding", views.get(v).embedding(), "tokens", views.get(v).tokens());
      JsonNode wanted = golden.get(v);
      for (Map.Entry<String, NDArray> entry : arrays.entrySet()) {
        String what = entry.getKey() + " of view " + v;
        if (wanted.has(entry.getKey())) {
          Golden.assertClose(
              entry.getValue().getGradient(), wanted.get(entry.getKey()), GRADIENTS, what);
        } else {
          assertNoGradient(entry.getValue(), what);
        }
      }
    }
  }

  private static void assertNoGradient(NDArray array, String what) {
    NDArray gradient = array.getGradient();
    if (gradient != null) {
      assertThat(gradient.abs().max().getFloat()).as("gradient of %s", what).isZero();
    }
  }

  /** The same arrays with one view's replaced. */
  public static T3DOutput withView(T3DOutput output, int slot, ViewFeatures view) {
    List<ViewFeatures> views = new ArrayList<>(output.views());
    views.set(slot, view);
    return withViews(output, views);
  }

  public static T3DOutput withViews(T3DOutput output, List<ViewFeatures> views) {
    return new T3DOutput(views, output.textEmbeddings(), output.sentences(), output.logitScale());
  }
}

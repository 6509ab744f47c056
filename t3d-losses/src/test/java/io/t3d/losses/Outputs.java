package io.t3d.losses;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** Random model outputs with known geometry, and gradients of them. */
public final class Outputs {
  public static final int E = 6;
  public static final int K = 5;

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

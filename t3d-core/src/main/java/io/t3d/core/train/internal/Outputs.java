package io.t3d.core.train.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.volume.Affine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The arrays of a model's output, and outputs of several batches as one. */
public final class Outputs {
  private Outputs() {}

  /** Those with rows of the batch's pairs, in the order of the pairs, on their first axis. */
  public static List<NDArray> perPair(T3DOutput output) {
    List<NDArray> arrays = new ArrayList<>();
    for (ViewFeatures view : output.views()) {
      arrays.add(view.embedding());
      arrays.add(view.tokens());
    }
    arrays.add(output.textEmbeddings());
    output.sentences().ifPresent(s -> arrays.add(s.embeddings()));
    return arrays;
  }

  /** Those that all pairs share. */
  public static List<NDArray> shared(T3DOutput output) {
    return List.of(output.logitScale());
  }

  /** All of them. */
  public static List<NDArray> all(T3DOutput output) {
    List<NDArray> arrays = new ArrayList<>(perPair(output));
    arrays.addAll(shared(output));
    return arrays;
  }

  /**
   * One output of all pairs.
   *
   * @param parts outputs of consecutive pairs, with the same view slots
   * @param sentences the texts of all pairs, those of the parts one after another
   * @param leaf what becomes of each array
   */
  public static T3DOutput join(
      List<T3DOutput> parts, Optional<ReportSentences> sentences, UnaryOperator<NDArray> leaf) {
    List<ViewFeatures> views = new ArrayList<>();
    for (int v = 0; v < parts.get(0).views().size(); v++) {
      int slot = v;
      views.add(joinViews(parts.stream().map(p -> p.views().get(slot)).toList(), leaf));
    }
    T3DOutput first = parts.get(0);
    return new T3DOutput(
        views,
        leaf.apply(concat(parts.stream().map(T3DOutput::textEmbeddings).toList())),
        sentences.map(
            s ->
                new SentenceFeatures(
                    leaf.apply(
                        concat(
                            parts.stream()
                                .map(p -> p.sentences().orElseThrow().embeddings())
                                .toList())),
                    s)),
        leaf.apply(first.logitScale()));
  }

  private static ViewFeatures joinViews(List<ViewFeatures> parts, UnaryOperator<NDArray> leaf) {
    ViewFeatures first = parts.get(0);
    List<Affine> affines = parts.stream().flatMap(p -> p.grid().affines().stream()).toList();
    TokenGrid g = first.grid();
    return new ViewFeatures(
        first.kind(),
        leaf.apply(concat(parts.stream().map(ViewFeatures::embedding).toList())),
        leaf.apply(concat(parts.stream().map(ViewFeatures::tokens).toList())),
        new TokenGrid(g.depth(), g.height(), g.width(), affines));
  }

  /** Joins and frees the parts. */
  private static NDArray concat(List<NDArray> parts) {
    if (parts.size() == 1) {
      return parts.get(0);
    }
    NDArray joined = NDArrays.concat(new NDList(parts), 0);
    parts.forEach(NDArray::close);
    return joined;
  }
}

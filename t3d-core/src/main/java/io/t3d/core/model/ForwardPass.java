package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.ProjectionHead;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.Casts;
import io.t3d.core.volume.ViewBatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A model's forward pass on pairs: views and texts to embeddings and tokens. */
final class ForwardPass {
  private final T3DModel model;

  ForwardPass(T3DModel model) {
    this.model = model;
  }

  /** {@link T3DModel#forward(ViewBatch, TokenBatch, Optional, boolean)}. */
  T3DOutput run(
      ViewBatch views, TokenBatch reports, Optional<SentenceBatch> sentences, boolean training) {
    checkPairs("reports", views, reports.size());
    sentences.ifPresent(s -> checkPairs("sentences", views, s.sentences().pairs()));
    model.requireOpen(model.manager());
    NDManager owner = model.requireOpen(views.slots().get(0).voxels().getManager());
    try (NDManager scope = owner.newSubManager()) {
      Step step = new Step(new ParameterStore(scope, false), scope, training);
      List<ViewFeatures> seen = encodeViews(step, views);
      NDArray texts = embed(step, reports, sentences); // (B + T, E)
      int b = reports.size();
      int all = (int) texts.getShape().get(0);
      T3DOutput output =
          new T3DOutput(
              seen,
              rowsOf(0, b, all).apply(texts), // (B, E)
              sentences.map(
                  s -> new SentenceFeatures(rowsOf(b, all - b, all).apply(texts), s.sentences())),
              model.network().logitScale.value(step.parameters, scope, training));
      handOver(output, owner);
      return output;
    }
  }

  private static void checkPairs(String name, ViewBatch views, int pairs) {
    if (views.size() != pairs) {
      throw new IllegalArgumentException(
          "views and " + name + " must hold the same pairs, got " + views.size() + " and " + pairs);
    }
  }

  /** What the parts of one forward pass share; the scope frees their intermediates. */
  record Step(ParameterStore parameters, NDManager scope, boolean training) {}

  private List<ViewFeatures> encodeViews(Step step, ViewBatch views) {
    Map<Shape, List<Integer>> bySize = new LinkedHashMap<>();
    for (int i = 0; i < views.slots().size(); i++) {
      Shape size = views.slots().get(i).voxels().getShape();
      bySize.computeIfAbsent(size, s -> new ArrayList<>()).add(i);
    }
    ViewFeatures[] features = new ViewFeatures[views.slots().size()];
    for (List<Integer> group : bySize.values()) {
      List<ViewBatch.Slot> slots = group.stream().map(views.slots()::get).toList();
      List<ViewFeatures> encoded = encodeSlots(step, slots);
      for (int i = 0; i < group.size(); i++) {
        features[group.get(i)] = encoded.get(i);
      }
    }
    return List.of(features);
  }

  /** Encodes slots of one size in one batch: row {@code v·B + b} is view v of pair b. */
  private List<ViewFeatures> encodeSlots(Step step, List<ViewBatch.Slot> slots) {
    NDList voxels = new NDList();
    slots.forEach(s -> voxels.add(local("voxels", s.voxels(), step.scope)));
    NDArray input = voxels.size() == 1 ? voxels.get(0) : NDArrays.concat(voxels, 0);
    model.rawVoxels().lookAt(input);
    VisualTokens h = model.encodeVision(step.parameters, input, step.training);
    NDArray p = project(step, model.network().visionProjection, h.tokens()); // (V·B, N, E)
    NDArray v =
        h.pooled().isPresent() ? unitPooled(step, h.pooled().get()) : unitMean(p); // (V·B, E)
    List<ViewFeatures> out = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      ViewBatch.Slot slot = slots.get(i);
      int b = slot.affines().size();
      Function<NDArray, NDArray> rows = rowsOf(i * b, b, slots.size() * b);
      out.add(new ViewFeatures(slot.kind(), rows.apply(v), rows.apply(p), grid(h, slot)));
    }
    return out;
  }

  private static Function<NDArray, NDArray> rowsOf(int from, int count, int all) {
    return x -> count == all ? x : x.get(from + ":" + (from + count));
  }

  private static TokenGrid grid(VisualTokens h, ViewBatch.Slot slot) {
    Shape s = slot.voxels().getShape();
    return TokenGrid.dividing(
        h.depth(),
        h.height(),
        h.width(),
        (int) s.get(2),
        (int) s.get(3),
        (int) s.get(4),
        slot.affines());
  }

  /** Pooled features {@code (B, C)}, projected and normalised: {@code (B, E)}. */
  NDArray unitPooled(Step step, NDArray pooled) {
    return project(step, model.network().visionProjection, pooled).normalize(2, 1); // (B, E)
  }

  /** The projection is linear, so the mean of projected tokens is the projected mean. */
  static NDArray unitMean(NDArray tokens) {
    try (NDArray mean = tokens.mean(new int[] {1})) {
      return mean.normalize(2, 1); // (B, E)
    }
  }

  NDArray embed(Step step, TokenBatch tokens) {
    return embed(step, tokens, Optional.empty());
  }

  /**
   * Reports and sentences pass the projection together. Its batch norm so sees one distribution,
   * whose running mean and variance hold in inference for both; apart, each would be normalised by
   * its own in training and by a mixture of both afterwards.
   *
   * @return {@code (B + T, E)}, reports first
   */
  private NDArray embed(Step step, TokenBatch reports, Optional<SentenceBatch> sentences) {
    NDArray features = features(step, reports); // (B, C)
    if (sentences.isPresent()) {
      NDArray more = features(step, sentences.get().tokens()); // (T, C)
      features = NDArrays.concat(new NDList(features, more), 0); // (B + T, C)
    }
    return project(step, model.network().textProjection, features).normalize(2, 1); // (B + T, E)
  }

  private NDArray features(Step step, TokenBatch tokens) {
    boolean training = step.training && !model.isFrozen(T3DModel.TEXT);
    NDArray pooled =
        model.network().text.encode(step.parameters, local(tokens, step.scope), training).pooled();
    return tokens.hasWindows() ? meanOfWindows(pooled, tokens.windows()) : pooled; // (B, C)
  }

  /** {@code (W, C)} to {@code (B, C)}. */
  private static NDArray meanOfWindows(NDArray pooled, List<Integer> windows) {
    NDArray rows = Casts.toFloat32(pooled);
    NDList means = new NDList();
    int from = 0;
    for (int count : windows) {
      NDArray own = rows.get(from + ":" + (from + count)); // (w, C)
      means.add(count == 1 ? own : own.mean(new int[] {0}, true)); // (1, C)
      from += count;
    }
    return NDArrays.concat(means, 0); // (B, C)
  }

  /** Under autocast the map runs in bfloat16; embeddings and tokens leave it as float32. */
  static NDArray project(Step step, ProjectionHead head, NDArray features) {
    return Casts.toFloat32(head.project(step.parameters, features, step.training));
  }

  NDArray local(String name, NDArray array, NDManager scope) {
    Device device = model.device();
    if (!array.getDevice().equals(device)) {
      throw new IllegalArgumentException(
          name
              + " must be on "
              + device
              + ", where the model is, got "
              + array.getDevice()
              + "; create them with a sub-manager of T3DModel.manager()");
    }
    return Scopes.handle(array, scope);
  }

  /** One text per row, as encoders take them. */
  private TokenBatch local(TokenBatch reports, NDManager scope) {
    return new TokenBatch(
        local("tokenIds", reports.tokenIds(), scope),
        local("attentionMask", reports.attentionMask(), scope));
  }

  private static void handOver(T3DOutput output, NDManager owner) {
    for (ViewFeatures view : output.views()) {
      view.embedding().attach(owner);
      view.tokens().attach(owner);
    }
    output.textEmbeddings().attach(owner);
    output.logitScale().attach(owner);
    output.sentences().ifPresent(s -> s.embeddings().attach(owner));
  }
}

package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Shapes;
import io.t3d.core.internal.kernel.TokenGather;
import io.t3d.core.model.T3DModel.Step;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.NoGrad;
import io.t3d.core.volume.Volume;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model's inference: any number of volumes or reports, a few at a time, so that memory does not
 * grow with their number. Nothing here learns.
 */
final class Inference {
  private static final int VOLUMES_AT_ONCE = 4;
  private static final int REPORTS_AT_ONCE = 32;

  private final T3DModel model;

  Inference(T3DModel model) {
    this.model = model;
  }

  /** {@link T3DModel#encodeVolumes}. */
  NDArray volumes(NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    return inChunks(volumes.getManager(), count, VOLUMES_AT_ONCE, this::embedVolumes, volumes);
  }

  private NDArray embedVolumes(Step step, NDArray volumes, int from, int to) {
    return T3DModel.unitMean(projectedTokens(step, volumes, from, to).tokens()); // (b, E)
  }

  private VisualTokens projectedTokens(Step step, NDArray volumes, int from, int to) {
    NDArray some = model.local("volumes", volumes, step.scope()).get(from + ":" + to);
    model.rawVoxels().lookAt(some);
    VisualTokens h = model.vision().encode(step.parameters(), some, false);
    NDArray p = T3DModel.project(step, model.network().visionProjection, h.tokens()); // (b, N, E)
    return new VisualTokens(p, h.depth(), h.height(), h.width());
  }

  /** {@link T3DModel#encodeVolumeTokens}. */
  VolumeFeatures volumeTokens(NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    int[] grid = new int[3];
    NDArray tokens =
        inChunks(
            volumes.getManager(),
            count,
            VOLUMES_AT_ONCE,
            (step, all, from, to) -> {
              VisualTokens p = projectedTokens(step, all, from, to);
              grid[0] = p.depth();
              grid[1] = p.height();
              grid[2] = p.width();
              return p.tokens();
            },
            volumes); // (B, N, E)
    return new VolumeFeatures(T3DModel.unitMean(tokens), tokens, grid[0], grid[1], grid[2]);
  }

  /** {@link T3DModel#relevance}. */
  List<Relevance> relevance(Volume volume, List<String> texts, double temperature) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = model.requireOpen(model.manager()).newSubManager()) {
      Shape shape = new Shape(1, 1, volume.depth(), volume.height(), volume.width());
      VolumeFeatures seen = volumeTokens(scope.create(volume.voxels(), shape));
      NDArray queries = reports(scope, texts); // (T, E)
      NDArray gathered = TokenGather.gather(seen.tokens(), queries, temperature); // (1, T, E)
      float[] scores = gathered.mul(queries).sum(new int[] {2}).toFloatArray(); // (1, T)
      float[] weights = TokenGather.weights(seen.tokens(), queries, temperature).toFloatArray();
      TokenGrid grid =
          TokenGrid.dividing(
              seen.depth(),
              seen.height(),
              seen.width(),
              volume.depth(),
              volume.height(),
              volume.width(),
              List.of(volume.affine()));
      List<Relevance> out = new ArrayList<>();
      for (int t = 0; t < texts.size(); t++) {
        int n = grid.size();
        float[] own = Arrays.copyOfRange(weights, t * n, (t + 1) * n);
        out.add(new Relevance(texts.get(t), own, scores[t], grid));
      }
      return out;
    }
  }

  /** {@link T3DModel#encodeReports(NDManager, List)}. */
  NDArray reports(NDManager owner, List<String> reports) {
    NDArray embedded =
        inChunks(owner, reports.size(), REPORTS_AT_ONCE, this::embedReports, reports);
    model.sayLongReports(reports);
    return embedded;
  }

  private NDArray embedReports(Step step, List<String> reports, int from, int to) {
    TokenBatch tokens = model.tokenize(step.scope(), reports.subList(from, to));
    return model.embed(step, tokens);
  }

  private interface ChunkEncoder<T> {
    NDArray encode(Step step, T all, int from, int to);
  }

  /** Each chunk has its own scope, so that memory does not grow with the number of items. */
  private <T> NDArray inChunks(
      NDManager owner, int count, int atOnce, ChunkEncoder<T> encoder, T all) {
    if (count == 0) {
      throw new IllegalArgumentException("Nothing to encode: the batch is empty");
    }
    try (NoGrad constant = new NoGrad();
        NDManager results = model.requireOpen(owner).newSubManager()) {
      NDList chunks = new NDList();
      for (int from = 0; from < count; from += atOnce) {
        try (NDManager scope = results.newSubManager()) {
          Step step = new Step(new ParameterStore(scope, false), scope, false);
          NDArray chunk = encoder.encode(step, all, from, Math.min(count, from + atOnce));
          chunk.attach(results);
          chunks.add(chunk);
        }
      }
      NDArray joined = chunks.size() == 1 ? chunks.get(0) : NDArrays.concat(chunks, 0); // (B, E)
      joined.attach(owner);
      return joined;
    }
  }
}

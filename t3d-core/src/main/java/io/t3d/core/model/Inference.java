package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.InUse;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.internal.kernel.TokenGather;
import io.t3d.core.model.ForwardPass.Step;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.internal.NoGrad;
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
  private final ForwardPass pass;

  Inference(T3DModel model) {
    this.model = model;
    this.pass = new ForwardPass(model);
  }

  /** {@link T3DModel#encodeVolumes}. */
  NDArray volumes(NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    return inChunks(volumes.getManager(), count, VOLUMES_AT_ONCE, this::embedVolumes, volumes);
  }

  private NDArray embedVolumes(Step step, NDArray volumes, int from, int to) {
    VisualTokens h = tokens(step, volumes, from, to);
    return h.pooled().isPresent()
        ? pass.unitPooled(step, h.pooled().get())
        : ForwardPass.unitMean(projected(step, h)); // (b, E)
  }

  private VisualTokens tokens(Step step, NDArray volumes, int from, int to) {
    NDArray some = pass.local("volumes", volumes, step.scope()).get(from + ":" + to);
    model.rawVoxels().lookAt(some);
    return model.vision().encode(step.parameters(), some, false);
  }

  private NDArray projected(Step step, VisualTokens h) {
    return ForwardPass.project(step, model.network().visionProjection, h.tokens()); // (b, N, E)
  }

  /** {@link T3DModel#encodeVolumeTokens}. */
  VolumeFeatures volumeTokens(NDArray volumes) {
    try (InUse.Use use = model.use()) {
      return featuresOf(volumes);
    }
  }

  private VolumeFeatures featuresOf(NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    int[] grid = new int[3];
    boolean[] pooled = new boolean[1];
    NDArray rows =
        inChunks(
            volumes.getManager(),
            count,
            VOLUMES_AT_ONCE,
            (step, all, from, to) -> {
              VisualTokens h = tokens(step, all, from, to);
              grid[0] = h.depth();
              grid[1] = h.height();
              grid[2] = h.width();
              pooled[0] = h.pooled().isPresent();
              NDArray p = projected(step, h); // (b, N, E)
              return pooled[0] ? withFirst(pass.unitPooled(step, h.pooled().get()), p) : p;
            },
            volumes); // (B, N, E), behind one more row where the encoder pools
    if (!pooled[0]) {
      return new VolumeFeatures(ForwardPass.unitMean(rows), rows, grid[0], grid[1], grid[2]);
    }
    try (rows) {
      return new VolumeFeatures(rows.get(":, 0"), rows.get(":, 1:"), grid[0], grid[1], grid[2]);
    }
  }

  /** {@code (b, E)} before the tokens {@code (b, N, E)}. */
  private static NDArray withFirst(NDArray embedding, NDArray tokens) {
    return NDArrays.concat(new NDList(embedding.expandDims(1), tokens), 1); // (b, 1 + N, E)
  }

  /** {@link T3DModel#relevance(Volume, List, double)}. */
  List<Relevance> relevance(Volume volume, List<String> texts, double temperature) {
    try (InUse.Use use = model.use();
        NoGrad constant = new NoGrad();
        NDManager scope = model.requireOpen(model.manager()).newSubManager()) {
      Shape shape = new Shape(1, 1, volume.depth(), volume.height(), volume.width());
      VolumeFeatures seen = volumeTokens(scope.create(volume.voxels(), shape));
      return relevance(seen, volume, texts, temperature);
    }
  }

  /** {@link T3DModel#relevance(VolumeFeatures, Volume, List, double)}. */
  List<Relevance> relevance(
      VolumeFeatures seen, Volume volume, List<String> texts, double temperature) {
    int n = seen.depth() * seen.height() * seen.width();
    Shapes.check("tokens", seen.tokens(), "1, N, E", "encode one volume alone", 1, n, -1);
    try (InUse.Use use = model.use();
        NoGrad constant = new NoGrad();
        NDManager scope = model.requireOpen(model.manager()).newSubManager()) {
      NDArray tokens = Scopes.handle(seen.tokens(), scope); // (1, N, E)
      NDArray queries = reports(scope, texts); // (T, E)
      NDArray gathered = TokenGather.gather(tokens, queries, temperature); // (1, T, E)
      float[] scores = gathered.mul(queries).sum(new int[] {2}).toFloatArray(); // (1, T)
      float[] weights = TokenGather.weights(tokens, queries, temperature).toFloatArray();
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
        float[] own = Arrays.copyOfRange(weights, t * n, (t + 1) * n);
        out.add(new Relevance(texts.get(t), own, scores[t], grid));
      }
      return out;
    }
  }

  /** {@link T3DModel#encodeReports(NDManager, List)}. */
  NDArray reports(NDManager owner, List<String> reports) {
    try (InUse.Use use = model.use()) {
      NDArray embedded =
          inChunks(owner, reports.size(), REPORTS_AT_ONCE, this::embedReports, reports);
      model.sayLongReports(reports);
      return embedded;
    }
  }

  private NDArray embedReports(Step step, List<String> reports, int from, int to) {
    TokenBatch tokens = model.tokenize(step.scope(), reports.subList(from, to));
    return pass.embed(step, tokens);
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
    try (InUse.Use use = model.use();
        NoGrad constant = new NoGrad();
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

package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.NoGrad;

/**
 * Replaces each token by the vector of a codebook that points most nearly the same way.
 *
 * <p>In training the gradient of the result passes to the token as if nothing had been replaced
 * (straight-through; van den Oord et al. 2017, "Neural Discrete Representation Learning", section
 * 3.2). The codebook has no gradient: it stays as it was loaded, where CT-CLIP's own pre-training
 * moves it by running means.
 */
final class Codebook extends TypedBlock {
  /** Tokens at a time: their likeness to 8,192 codes takes 64 MiB. */
  private static final int ROWS = 2048;

  private final int channels;
  private final Parameter codes;

  Codebook(CtVitConfig config) {
    channels = config.hiddenSize();
    codes =
        addParameter(
            Parameter.builder()
                .setName("codes")
                .setType(Parameter.Type.OTHER)
                .optShape(new Shape(config.codebookSize(), channels))
                .optInitializer(new NormalInitializer((float) (1 / Math.sqrt(channels))))
                .optRequiresGrad(false)
                .build());
  }

  /** {@code x (B, N, C)} to codes of the same shape, float32; the input stays open. */
  NDArray quantize(ParameterStore parameters, NDArray x, boolean training) {
    return Scopes.within(
        x,
        y -> {
          NDArray tokens = Casts.toFloat32(y);
          NDArray table =
              Scopes.handle(parameters.getValue(codes, x.getDevice(), false), y.getManager());
          NDArray chosen;
          try (NoGrad constant = new NoGrad()) {
            chosen = chosen(tokens, table).reshape(x.getShape()); // (B, N, C)
          }
          return training ? tokens.add(chosen.sub(tokens).stopGradient()) : chosen;
        });
  }

  /** In bfloat16 near codes would be alike: under autocast the choice is made in float32. */
  private NDArray chosen(NDArray tokens, NDArray table) {
    NDArray rows = tokens.reshape(-1, channels);
    if (!Autocast.isEnabled(tokens.getDevice())) {
      return rowsOf(table, nearest(rows, table));
    }
    try (Autocast exact = Autocast.float32(tokens.getDevice())) {
      return rowsOf(table, nearest(rows, table));
    }
  }

  private static NDArray rowsOf(NDArray table, NDArray ids) {
    return Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
  }

  private static NDArray nearest(NDArray rows, NDArray table) {
    NDArray unitTable = table.normalize(2, 1).transpose(); // (C, K)
    NDList parts = new NDList();
    long n = rows.getShape().get(0);
    for (long from = 0; from < n; from += ROWS) {
      try (NDManager scope = rows.getManager().newSubManager()) {
        NDArray some = Scopes.handle(rows.get(from + ":" + Math.min(n, from + ROWS)), scope);
        NDArray best = some.normalize(2, 1).matMul(unitTable).argMax(1); // (rows)
        best.attach(rows.getManager());
        parts.add(best);
      }
    }
    return parts.size() == 1 ? parts.get(0) : NDArrays.concat(parts, 0);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return quantize(parameters, inputs.singletonOrThrow(), training);
  }
}

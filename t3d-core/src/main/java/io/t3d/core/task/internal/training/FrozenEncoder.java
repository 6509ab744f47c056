package io.t3d.core.task.internal.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Encodes volumes as visual tokens, a few volumes at a time and without gradients. */
public final class FrozenEncoder {
  private static final int VOLUMES_AT_ONCE = 4;
  private static final int READ_AT_ONCE = 8;

  private FrozenEncoder() {}

  /**
   * What a model's encoder sees in volumes.
   *
   * @param owner owns the result
   * @param model stays as it is
   * @param volumes {@code (B, 1, D, H, W)}, float32, intensities windowed as in training
   * @return tokens {@code (B, N, C)}, float32; with what the encoder pools itself
   * @throws IllegalArgumentException when the shape or dtype differs or there is no volume
   */
  public static VisualTokens tokens(NDManager owner, T3DModel model, NDArray volumes) {
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    List<VisualTokens> parts = new ArrayList<>();
    try (NoGrad constant = new NoGrad();
        NDManager results = owner.newSubManager()) {
      for (int from = 0; from < count; from += VOLUMES_AT_ONCE) {
        try (NDManager scope = results.newSubManager()) {
          String rows = from + ":" + Math.min(count, from + VOLUMES_AT_ONCE);
          NDArray some = Scopes.handle(volumes, scope).get(rows);
          VisualTokens seen = model.vision().encode(new ParameterStore(scope, false), some, false);
          seen.tokens().attach(results);
          seen.pooled().ifPresent(pooled -> pooled.attach(results));
          parts.add(seen);
        }
      }
      return join(owner, parts);
    }
  }

  /**
   * What a model's encoder sees in volumes that are read a few at a time; all tokens stay in
   * memory, 4·N·C bytes a volume.
   *
   * @param owner owns the result
   * @param model stays as it is
   * @param volumes at least one
   * @param done is told how many volumes are done
   * @return tokens {@code (n, N, C)}, float32; with what the encoder pools itself
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when there is no volume
   */
  public static VisualTokens tokens(
      NDManager owner, T3DModel model, VolumeBatches volumes, IntConsumer done) throws IOException {
    try (NDManager results = owner.newSubManager()) {
      List<VisualTokens> parts = new ArrayList<>();
      int atOnce = Math.min(READ_AT_ONCE, volumes.atOnce());
      for (int from = 0; from < volumes.size(); from += atOnce) {
        int to = Math.min(volumes.size(), from + atOnce);
        try (NDManager scope = results.newSubManager()) {
          NDArray some = volumes.load(scope, IntStream.range(from, to).toArray());
          parts.add(tokens(results, model, some));
        }
        done.accept(to);
      }
      return join(owner, parts);
    }
  }

  /**
   * Puts batches of the same grid together.
   *
   * @param owner owns the result
   * @param parts at least one; stay open
   */
  static VisualTokens join(NDManager owner, List<VisualTokens> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("Nothing to encode: there are no volumes");
    }
    NDList tokens = new NDList(parts.stream().map(VisualTokens::tokens).toList());
    NDArray joined = NDArrays.concat(tokens, 0); // (B, N, C)
    joined.attach(owner);
    VisualTokens first = parts.get(0);
    Optional<NDArray> pooled =
        first
            .pooled()
            .map(
                own -> {
                  NDList all =
                      new NDList(parts.stream().map(part -> part.pooled().orElseThrow()).toList());
                  NDArray rows = NDArrays.concat(all, 0); // (B, C)
                  rows.attach(owner);
                  return rows;
                });
    return new VisualTokens(joined, first.depth(), first.height(), first.width(), pooled);
  }
}

package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.Embeddings;
import io.t3d.core.task.FrozenEncoder;
import java.io.IOException;
import java.util.stream.IntStream;

/** What a frozen encoder makes of a part of the data. */
final class Encoded {
  private static final int AT_ONCE = 16;

  private Encoded() {}

  /** The mean token of each volume, {@code [n][C]}: what linear probes read. */
  static float[][] features(T3DModel model, SuiteData.Part part) throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray means =
          FrozenEncoder.tokens(scope, model, part, n -> {}).tokens().mean(new int[] {1}); // (n, C)
      return Embeddings.rows("features", means, -1);
    }
  }

  /** Embeddings {@code (n, E)} in the space of the reports. */
  static NDArray embeddings(NDManager owner, T3DModel model, SuiteData.Part part) {
    try (NDManager scope = owner.newSubManager()) {
      NDList chunks = new NDList();
      for (int from = 0; from < part.size(); from += AT_ONCE) {
        NDArray voxels = part.load(scope, range(from, Math.min(part.size(), from + AT_ONCE)));
        chunks.add(model.encodeVolumes(voxels));
        voxels.close();
      }
      NDArray all = chunks.size() == 1 ? chunks.get(0) : NDArrays.concat(chunks, 0);
      all.attach(owner);
      return all;
    }
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}

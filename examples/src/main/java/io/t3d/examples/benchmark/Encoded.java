package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import java.util.stream.IntStream;

/** What a frozen encoder makes of a part of the data. */
final class Encoded {
  private static final int AT_ONCE = 16;

  private Encoded() {}

  /** Visual tokens {@code (n, N, C)}, without a graph for gradients. */
  static VisualTokens tokens(NDManager owner, T3DModel model, SuiteData.Part part) {
    NDList chunks = new NDList();
    VisualTokens[] grid = new VisualTokens[1];
    try (NDManager results = owner.newSubManager()) {
      for (int from = 0; from < part.size(); from += AT_ONCE) {
        try (NDManager scope = results.newSubManager()) {
          NDArray voxels = part.load(scope, range(from, Math.min(part.size(), from + AT_ONCE)));
          grid[0] = model.vision().encode(new ParameterStore(scope, false), voxels, false);
          grid[0].tokens().attach(results);
          chunks.add(grid[0].tokens());
        }
      }
      NDArray all = chunks.size() == 1 ? chunks.get(0) : NDArrays.concat(chunks, 0);
      all.attach(owner);
      return new VisualTokens(all, grid[0].depth(), grid[0].height(), grid[0].width());
    }
  }

  /** The mean token of each volume, {@code [n][C]}: what linear probes read. */
  static float[][] features(T3DModel model, SuiteData.Part part) {
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray means = tokens(scope, model, part).tokens().mean(new int[] {1}); // (n, C)
      float[] flat = means.toFloatArray();
      int width = (int) means.getShape().get(1);
      float[][] out = new float[part.size()][width];
      for (int i = 0; i < out.length; i++) {
        System.arraycopy(flat, i * width, out[i], 0, width);
      }
      return out;
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

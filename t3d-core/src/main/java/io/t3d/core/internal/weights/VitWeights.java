package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.torch.Interpolate;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From published vision transformers to {@code Vit3d}.
 *
 * <ul>
 *   <li>The patch embedding of a 2D model is repeated over the patch's depth and divided by it, so
 *       that a volume that does not change over the depth of a patch gives the token of its slice.
 *       (Carreira and Zisserman 2017, "Quo Vadis, Action Recognition?", section 2.2.1)
 *   <li>Kernels over several channels are summed: the answer to a grey image given to each.
 *   <li>A table of positions of another size is resized trilinearly; that of a 2D model is repeated
 *       over the depth, so that depths start alike and training tells them apart. (Arnab et al.
 *       2021, "ViViT", section 3.4)
 *   <li>The class token is left out, with its position, unless the variant has one: it is then the
 *       token plus its position.
 * </ul>
 */
final class VitWeights {
  private static final String PATCH = "patch_embedding.patch_embeddings.weight";
  private static final String CLASS_TOKEN = "cls_token";

  private final Vit3dConfig config;
  private final String source;
  private final Map<String, NDArray> tensors;

  private VitWeights(Vit3dConfig config, String source, Map<String, NDArray> tensors) {
    this.config = config;
    this.source = source;
    this.tensors = tensors;
  }

  static Map<String, NDArray> toEncoder(
      Vit3dConfig config, Map<String, NDArray> tensors, String source) throws IOException {
    VitNames names = VitNames.detect(tensors, source);
    VitWeights weights = new VitWeights(config, source, names.toMonai(tensors, source));
    weights.fitPatchEmbedding();
    weights.fitPositions(weights.tensors.remove(CLASS_TOKEN));
    weights.fitBiases();
    return weights.tensors;
  }

  private boolean planar; // whether the source is a 2D model

  private void fitPatchEmbedding() throws IOException {
    NDArray kernel = tensors.get(PATCH);
    Size3 p = config.patch();
    switch (kernel.getShape().dimension()) {
      case 2 -> kernel = fromLinear(kernel);
      case 4 -> {
        planar = true;
        NDArray grey = ResNetWeights.grey(kernel).expandDims(2); // (C, 1, 1, ph, pw)
        kernel = grey.repeat(2, p.depth()).div(p.depth()); // (C, 1, pd, ph, pw)
      }
      default -> kernel = ResNetWeights.grey(kernel);
    }
    tensors.put(PATCH, kernel);
  }

  /** MONAI's perceptron: rows of (pd, ph, pw, channels). */
  private NDArray fromLinear(NDArray kernel) throws IOException {
    Size3 p = config.patch();
    Shape shape = kernel.getShape();
    long voxels = (long) p.depth() * p.height() * p.width();
    if (shape.get(1) % voxels != 0) {
      throw new IOException(
          source
              + ": its patch embedding takes "
              + shape.get(1)
              + " values, which is no multiple of the "
              + voxels
              + " voxels of Vit3dConfig.patch; set the patch it was trained with");
    }
    return kernel
        .reshape(shape.get(0), p.depth(), p.height(), p.width(), -1)
        .sum(new int[] {4}) // (C, pd, ph, pw)
        .expandDims(1);
  }

  private void fitPositions(@Nullable NDArray classToken) throws IOException {
    NDArray table = tensors.get(VitNames.POSITIONS);
    boolean kept = classToken != null && config.variantOrPlain().classToken();
    if (table == null) {
      if (kept) {
        tensors.put(CLASS_TOKEN, classToken);
      }
      return;
    }
    if (config.position() != Vit3dConfig.Position.LEARNED
        && config.position() != Vit3dConfig.Position.LEARNED_RESIZED) {
      throw new IOException(
          source
              + " has a table of positions; set Vit3dConfig.position to LEARNED and gridSize to the"
              + " tokens of a view along each axis");
    }
    long rows = table.getShape().get(1);
    Size3 grid = gridOf(rows, classToken != null);
    long used = (long) grid.depth() * grid.height() * grid.width();
    NDArray patches = used == rows ? table : table.get(":, 1:"); // the class token comes first
    if (kept) {
      tensors.put(CLASS_TOKEN, used == rows ? classToken : classToken.add(table.get(":, :1")));
    }
    tensors.put(VitNames.POSITIONS, resized(patches, grid));
  }

  /** The grid behind a table's rows: ours, else a square or cube, perhaps with a class token. */
  private Size3 gridOf(long rows, boolean classToken) throws IOException {
    Size3 own = config.gridSize();
    if (!planar && rows == (long) own.depth() * own.height() * own.width()) {
      return own;
    }
    for (long patches : classToken ? new long[] {rows - 1, rows} : new long[] {rows}) {
      int side = (int) Math.round(planar ? Math.sqrt(patches) : Math.cbrt(patches));
      if (patches == (planar ? (long) side * side : (long) side * side * side)) {
        return new Size3(planar ? 1 : side, side, side);
      }
    }
    throw new IOException(
        source
            + ": its table of "
            + rows
            + " positions is neither that of Vit3dConfig.gridSize nor a "
            + (planar ? "square" : "cube")
            + "; set gridSize to the grid it was trained with");
  }

  private NDArray resized(NDArray table, Size3 grid) {
    Size3 own = config.gridSize();
    if (grid.equals(own)) {
      return table;
    }
    int channels = (int) table.getShape().get(2);
    NDArray cube =
        table
            .transpose(0, 2, 1)
            .reshape(1, channels, grid.depth(), grid.height(), grid.width()); // (1, C, d, h, w)
    return Interpolate.trilinear(cube, own).reshape(1, channels, -1).transpose(0, 2, 1);
  }

  private void fitBiases() throws IOException {
    boolean biased = tensors.containsKey("blocks.0.attn.qkv.bias");
    if (biased && !config.qkvBias()) {
      throw new IOException(
          source + " has biases of query, key and value; set Vit3dConfig.qkvBias to true");
    }
    for (int i = 0; i < config.layers() && !biased && config.qkvBias(); i++) {
      NDArray weight = tensors.get("blocks." + i + ".attn.qkv.weight");
      if (weight != null) {
        Shape rows = new Shape(weight.getShape().get(0));
        tensors.put("blocks." + i + ".attn.qkv.bias", weight.getManager().zeros(rows));
      }
    }
  }
}

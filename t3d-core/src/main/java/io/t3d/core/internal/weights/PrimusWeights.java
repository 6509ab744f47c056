package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Vit3dConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From Primus, a ViT of nnU-Net's authors, to {@code Vit3d} with rotary positions by INDEX, SWIGLU
 * and norms within. (Wald et al. 2025, "Primus: Enforcing Attention Usage for 3D Medical Image
 * Segmentation", arXiv 2503.01835; names as in github.com/MIC-DKFZ/dynamic-network-architectures)
 *
 * <ul>
 *   <li>The rows of queries and keys are put into our order of rotary pairs.
 *   <li>Keys have no bias there: it becomes 0.
 *   <li>The decoder and the mask token are left out; the volume's axes are (z, y, x).
 * </ul>
 */
final class PrimusWeights {
  private static final String KERNEL = "down_projection.proj.weight";

  private static final Pattern BLOCK = Pattern.compile("eva\\.(blocks\\.\\d+\\.)(.+)");

  private static final Map<String, String> IN_BLOCK =
      Map.of(
          "gamma_1", "ls1.weight",
          "gamma_2", "ls2.weight",
          "mlp.fc1_g.weight", "mlp.linear3.weight",
          "mlp.fc1_g.bias", "mlp.linear3.bias",
          "mlp.fc1_x.weight", "mlp.linear1.weight",
          "mlp.fc1_x.bias", "mlp.linear1.bias",
          "mlp.fc2.weight", "mlp.linear2.weight",
          "mlp.fc2.bias", "mlp.linear2.bias",
          "attn.proj.weight", "attn.out_proj.weight",
          "attn.proj.bias", "attn.out_proj.bias");

  private PrimusWeights() {}

  static boolean recognises(Map<String, NDArray> tensors) {
    return Prefixes.has(tensors.keySet(), KERNEL)
        && tensors.keySet().stream().anyMatch(n -> n.endsWith("eva.blocks.0.mlp.fc1_g.weight"));
  }

  static Map<String, NDArray> toEncoder(
      Vit3dConfig config, Map<String, NDArray> tensors, String source) throws IOException {
    String prefix = Prefixes.of(tensors.keySet(), KERNEL, source, "Primus");
    if (config.variantOrPlain().rotary().isEmpty()) {
      throw new IOException(
          source
              + " has rotary positions; set Vit3dConfig.position to NONE and variant.rotary to"
              + " {coordinates: INDEX, base: 10000}");
    }
    Map<String, NDArray> own = new LinkedHashMap<>();
    tensors.forEach(
        (name, array) -> {
          if (name.startsWith(prefix)) {
            own.put(name.substring(prefix.length()), array);
          }
        });
    Map<String, NDArray> out = new LinkedHashMap<>();
    TreeSet<String> blocks = new TreeSet<>();
    own.forEach(
        (name, array) -> {
          Matcher block = BLOCK.matcher(name);
          if (block.matches()) {
            blocks.add(block.group(1));
            if (!block.group(2).matches("attn\\.[qkv]_proj\\..*")) {
              out.put(
                  block.group(1) + IN_BLOCK.getOrDefault(block.group(2), block.group(2)), array);
            }
          } else if (name.startsWith("down_projection.proj.")) {
            out.put(
                name.replace("down_projection.proj.", "patch_embedding.patch_embeddings."), array);
          } else if (name.startsWith("eva.norm.")) {
            out.put(name.substring("eva.".length()), array);
          } else if (name.equals("eva.pos_embed") || name.equals("register_tokens")) {
            out.put(name, array);
          }
        });
    int width = config.hiddenSize() / config.heads();
    for (String block : blocks) {
      String attention = "eva." + block + "attn.";
      NDArray query = own.get(attention + "q_proj.weight");
      NDArray key = own.get(attention + "k_proj.weight");
      NDArray value = own.get(attention + "v_proj.weight");
      if (query != null && key != null && value != null) {
        out.put(block + "attn.qkv.weight", joined(query, key, value, width));
      }
      NDArray queryBias = own.get(attention + "q_proj.bias");
      NDArray valueBias = own.get(attention + "v_proj.bias");
      if (queryBias != null && valueBias != null) {
        NDArray none = queryBias.getManager().zeros(new Shape(queryBias.getShape().get(0)));
        out.put(block + "attn.qkv.bias", joined(queryBias, none, valueBias, width));
      }
    }
    return out;
  }

  private static NDArray joined(NDArray query, NDArray key, NDArray value, int width) {
    return NDArrays.concat(
        new NDList(
            RotaryRows.NEIGHBOURS_ZYX.ordered(query, width),
            RotaryRows.NEIGHBOURS_ZYX.ordered(key, width),
            value),
        0);
  }
}

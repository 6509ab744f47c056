package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The names of published vision transformers, and how they become MONAI's. */
enum VitNames {
  /** {@code monai.networks.nets.ViT}, convolutional patch embedding. */
  MONAI("patch_embedding.patch_embeddings.weight", Map.of()),
  /** The same with {@code proj_type="perceptron"}. */
  MONAI_PERCEPTRON(
      "patch_embedding.patch_embeddings.1.weight",
      Map.of("patch_embeddings\\.1\\.", "patch_embeddings.")),
  /** timm, and what follows it: DINO, MAE. */
  TIMM(
      "patch_embed.proj.weight",
      Map.of(
          "^patch_embed\\.proj\\.", "patch_embedding.patch_embeddings.",
          "^pos_embed$", VitNames.POSITIONS,
          "\\.attn\\.proj\\.", ".attn.out_proj.",
          "\\.mlp\\.fc", ".mlp.linear",
          "\\.ls([12])\\.gamma$", ".ls$1.weight")),
  /** {@code transformers.ViTModel}. */
  HUGGING_FACE(
      "embeddings.patch_embeddings.projection.weight",
      Map.of(
          "^embeddings\\.patch_embeddings\\.projection\\.", "patch_embedding.patch_embeddings.",
          "^embeddings\\.position_embeddings$", VitNames.POSITIONS,
          "^embeddings\\.cls_token$", "cls_token",
          "^encoder\\.layer\\.(\\d+)\\.layernorm_before\\.", "blocks.$1.norm1.",
          "^encoder\\.layer\\.(\\d+)\\.layernorm_after\\.", "blocks.$1.norm2.",
          "^encoder\\.layer\\.(\\d+)\\.attention\\.output\\.dense\\.", "blocks.$1.attn.out_proj.",
          "^encoder\\.layer\\.(\\d+)\\.intermediate\\.dense\\.", "blocks.$1.mlp.linear1.",
          "^encoder\\.layer\\.(\\d+)\\.output\\.dense\\.", "blocks.$1.mlp.linear2.",
          "^layernorm\\.", "norm."));

  static final String POSITIONS = "patch_embedding.position_embeddings";

  /** Heads, decoders and tokens that carry no patch. */
  private static final Pattern NOT_ENCODER =
      Pattern.compile(
          "^(head|fc_norm|head_drop|classification_head|classifier|pooler|decoder\\w*|mask_token"
              + "|embeddings\\.mask_token|norm_cross_attn|cross_attn)(\\.|$)"
              + "|\\.(norm_cross_attn|cross_attn)\\.|^decoder");

  private static final Pattern SEPARATE_QUERY =
      Pattern.compile("^encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.query\\.(weight|bias)$");

  private final String anchor;
  private final Map<String, String> renames;

  VitNames(String anchor, Map<String, String> renames) {
    this.anchor = anchor;
    this.renames = renames;
  }

  static VitNames detect(Map<String, NDArray> tensors, String source) throws IOException {
    for (VitNames names : values()) {
      if (Prefixes.has(tensors.keySet(), names.anchor)) {
        return names;
      }
    }
    throw new IOException(
        source
            + " holds no vision transformer that is known here (MONAI, timm or HuggingFace names),"
            + " but "
            + tensors.keySet().stream().limit(5).toList());
  }

  /** Without prefix, heads and the like, under MONAI's names. */
  Map<String, NDArray> toMonai(Map<String, NDArray> tensors, String source) throws IOException {
    String prefix = Prefixes.of(tensors.keySet(), anchor, source, "vision transformer");
    Map<String, NDArray> out = new LinkedHashMap<>();
    tensors.forEach(
        (name, array) -> {
          String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
          if (!own.isEmpty() && !NOT_ENCODER.matcher(own).find()) {
            out.put(rename(own), array);
          }
        });
    if (this == HUGGING_FACE) {
      stackQueryKeyValue(out);
    }
    return out;
  }

  private String rename(String name) {
    String out = name;
    for (Map.Entry<String, String> rename : renames.entrySet()) {
      out = out.replaceFirst(rename.getKey(), rename.getValue());
    }
    return out;
  }

  private static void stackQueryKeyValue(Map<String, NDArray> tensors) {
    for (String name : List.copyOf(tensors.keySet())) {
      var matcher = SEPARATE_QUERY.matcher(name);
      if (!matcher.matches()) {
        continue;
      }
      String key = name.replace(".query.", ".key.");
      String value = name.replace(".query.", ".value.");
      if (tensors.containsKey(key) && tensors.containsKey(value)) {
        NDList parts = new NDList(tensors.remove(name), tensors.remove(key), tensors.remove(value));
        tensors.put(
            "blocks." + matcher.group(1) + ".attn.qkv." + matcher.group(2),
            NDArrays.concat(parts, 0)); // (3·C, C) or (3·C)
      }
    }
  }
}

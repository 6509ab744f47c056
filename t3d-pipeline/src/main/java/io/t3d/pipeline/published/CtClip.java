package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import io.t3d.core.T3dException;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * CT-CLIP: a CT-ViT and CXR-BERT. (Hamamci et al. 2024, arXiv 2403.17834; names and preparation
 * from github.com/ibrahimethemhamamci/CT-CLIP at commit a2a155c)
 */
final class CtClip implements PublishedKind {
  private static final String VISION = "visual_transformer.";
  private static final String TEXT = "text_transformer.";
  private static final String PATCHES = VISION + "to_patch_emb.";
  private static final String SPATIAL = VISION + "enc_spatial_transformer.";
  private static final String TEMPORAL = VISION + "enc_temporal_transformer.";
  private static final String CODES = VISION + "vq._codebook.embed";
  private static final String TO_IMAGE = "to_visual_latent.weight";
  private static final String TO_TEXT = "to_text_latent.weight";
  private static final String TEMPERATURE = "temperature";

  /** The logits of a query and a key are their cosine times this; a constant of the code. */
  private static final double ATTENTION_SCALE = 8;

  /**
   * Parts that embeddings do not pass: decoders, a discriminator, buffers, unused norms, and null
   * keys where there are none.
   */
  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "to_(text|visual)_latent_extra\\..*"
              + "|visual_transformer\\.(to_patch_emb_first_frame|to_pixels|to_pixels_first_frame"
              + "|dec_spatial_transformer|dec_temporal_transformer|discr|vgg)\\..*"
              + "|visual_transformer\\.enc_\\w+\\.layers\\.\\d+\\.1\\.(context_norm\\..*|null_kv)"
              + "|visual_transformer\\.enc_\\w+\\.(layers\\.\\d+\\.1\\.norm|norm_out)\\.beta"
              + "|visual_transformer\\.vq\\._codebook\\.(initted|cluster_size|embed_avg)"
              + "|text_transformer\\.pooler\\..*"
              + "|text_transformer\\.embeddings\\.(position_ids|token_type_ids)");

  private static final Map<String, String> VISION_NAMES =
      Map.of(
          "patch_embedding.norm1.", "to_patch_emb.1.",
          "patch_embedding.linear.", "to_patch_emb.2.",
          "patch_embedding.norm2.", "to_patch_emb.3.",
          "position_bias.0.", "spatial_rel_pos_bias.net.0.0.",
          "position_bias.1.", "spatial_rel_pos_bias.net.1.0.",
          "position_bias.2.", "spatial_rel_pos_bias.net.2.");

  private static final Map<String, String> LAYER_NAMES =
      Map.of(
          "position.", "0.dsconv.",
          "attention.", "1.",
          "mlp.norm.", "3.0.",
          "mlp.in.", "3.1.",
          "mlp.out.", "3.4.");

  @Override
  public String name() {
    return "ct-clip";
  }

  @Override
  public boolean recognises(PublishedTensors file) {
    return file.has(TO_IMAGE) && file.has(PATCHES + "1.weight");
  }

  @Override
  public PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer)
      throws IOException {
    CtVitConfig vision = vision(file);
    TextConfig text =
        BertTexts.config(file, TEXT, tokenizer, name()).toBuilder()
            .wording(TextConfig.Wording.NO_QUOTES_OR_PARENTHESES)
            .build();
    int embedDim = file.size(TO_IMAGE, 2, 0);
    double logTemperature = file.number(TEMPERATURE); // of the inverse, as in CLIP
    file.requireFound(name());
    T3DConfig config =
        T3DConfig.builder()
            .vision(vision)
            .text(text)
            .embedDim(embedDim)
            .projection(Projection.LINEAR)
            .visionProjection(Projection.LINEAR_PER_PLACE)
            .temperature(Math.exp(-logTemperature))
            .build();
    return new PublishedModel(
        config,
        tokenizer.orElseThrow(),
        names(),
        preprocessing(vision),
        FindingPrompts.ctRate(),
        note());
  }

  PublishedModel.NameMap names() {
    return new Names();
  }

  private static CtVitConfig vision(PublishedTensors file) {
    int channels = file.size(PATCHES + "2.weight", 2, 0);
    int voxels = file.size(PATCHES + "1.weight", 1, 0);
    long flat = file.size(TO_IMAGE, 2, 1);
    int heads = file.size(VISION + "spatial_rel_pos_bias.net.2.weight", 2, 0);
    int headSize = file.size(SPATIAL + "layers.0.1.q_scale", 1, 0);
    int mlp = file.size(SPATIAL + "layers.0.3.4.weight", 2, 1);
    int nulls = file.size(SPATIAL + "layers.0.1.null_kv", 3, 1) / 2;
    int codes = file.size(CODES, 3, 1);
    int spatial = file.count(Pattern.quote(SPATIAL) + "layers\\.(\\d+)\\.1\\.to_q\\.weight");
    int temporal = file.count(Pattern.quote(TEMPORAL) + "layers\\.(\\d+)\\.1\\.to_q\\.weight");
    file.requireFound("ct-clip");
    // The file holds the product p·p·(p/2) of the patch's sizes and the number of its places only.
    int side = (int) Math.round(Math.cbrt(2.0 * voxels));
    int grid = (int) Math.round(Math.sqrt((double) flat / channels));
    if ((long) side * side * side != 2L * voxels || (long) grid * grid * channels != flat) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file.source()
              + ": the patch of "
              + voxels
              + " voxels (to_patch_emb.1.weight) must be p × p × p/2, and the "
              + flat
              + " inputs of to_visual_latent.weight n × n × "
              + channels);
    }
    return new CtVitConfig(
        new Size3(side / 2, side, side),
        grid,
        grid,
        channels,
        spatial,
        temporal,
        heads,
        headSize,
        mlp,
        nulls,
        codes,
        ATTENTION_SCALE);
  }

  /** With the size of the file's views. */
  private static Preprocessing preprocessing(CtVitConfig vision) {
    int side = vision.gridHeight() * vision.patch().height();
    return Preprocessing.ctClipPublished().withSize(new Size3(side / 2, side, side));
  }

  private PublishedNote note() {
    return new PublishedNote(
        name(),
        "CT-CLIP",
        "CC BY-NC-SA 4.0: research without commerce, with attribution, shared alike",
        "github.com/ibrahimethemhamamci/CT-CLIP; CT-CLIP_v2.pt of"
            + " huggingface.co/datasets/ibrahimhamamci/CT-RATE; tokenizer of"
            + " huggingface.co/microsoft/BiomedVLP-CXR-BERT-specialized",
        "Hamamci et al. 2024, Developing Generalist Foundation Models from a Multimodal Dataset for"
            + " 3D Computed Tomography, arXiv 2403.17834",
        List.of(
            "Non-contrast chest CT of adults, volumes in HU; its own code rescales CT-RATE's files"
                + " by the metadata's slope and intercept, here the file's own or the manifest's"
                + " hold.",
            "Texts lose straight quotation marks, apostrophes and parentheses, as in its code."));
  }

  /** From our names to the file's. */
  private static final class Names implements PublishedModel.NameMap {
    @Override
    public NDArray find(String parameter, PublishedTensors file) {
      if (parameter.startsWith("text.")) {
        return file.take(TEXT + parameter.substring("text.".length()));
      }
      return switch (parameter) {
        case "vision_projection.weight" -> file.take(TO_IMAGE);
        case "text_projection.weight" -> file.take(TO_TEXT);
        case "logit_scale.value" -> file.take(TEMPERATURE);
        case "vision.codebook.codes" -> squeezed(file.take(CODES));
        default -> file.take(VISION + vision(parameter.substring("vision.".length())));
      };
    }

    private static NDArray squeezed(NDArray codes) {
      return codes.getShape().dimension() == 3 ? codes.squeeze(0) : codes;
    }

    private static String vision(String own) {
      String name = renamed(own, VISION_NAMES);
      for (String part : List.of("spatial", "temporal")) {
        if (own.startsWith(part + ".")) {
          name = "enc_" + part + "_transformer." + own.substring(part.length() + 1);
        }
      }
      int layer = name.indexOf(".layers.");
      if (layer >= 0) {
        int end = name.indexOf('.', layer + ".layers.".length()) + 1;
        name = name.substring(0, end) + renamed(name.substring(end), LAYER_NAMES);
      }
      return name.replaceFirst("\\.gain$", ".gamma");
    }

    private static String renamed(String own, Map<String, String> names) {
      for (Map.Entry<String, String> entry : names.entrySet()) {
        if (own.startsWith(entry.getKey())) {
          return entry.getValue() + own.substring(entry.getKey().length());
        }
      }
      return own;
    }

    @Override
    public boolean leavesOut(String tensor) {
      return LEFT_OUT.matcher(tensor).matches();
    }
  }
}

package io.t3d.core.train.optim;

import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Layer-wise decay of the learning rate: the lower a layer of an encoder, the more slowly it
 * learns. Pretrained low layers are general and should move little; what is new should move freely.
 *
 * <pre>{@code
 * factor = decay^(L + 1 - depth)
 * depth 0         token and position embeddings; patch embedding; stem of a ResNet3d
 * depth 1 … L     transformer layers; the four stages of a ResNet3d
 * factor 1        all else: an encoder's last norm, projections, logit scale, what the objective learns
 * }</pre>
 *
 * <p>Clark, Luong, Le and Manning 2020, "ELECTRA", Appendix A; with these depths Bao, Dong, Piao
 * and Wei 2022, "BEiT". open_clip has it as {@code --text-layer-decay} and {@code
 * --image-layer-decay}.
 *
 * <pre>{@code
 * AdamW optimizer =
 *     new AdamW(manager, model.parameters(), settings, LayerDecay.of(model.config(), 0.9, 1));
 * }</pre>
 */
public final class LayerDecay implements ToDoubleFunction<String> {
  private final List<Encoder> encoders;

  private LayerDecay(List<Encoder> encoders) {
    this.encoders = encoders;
  }

  /**
   * The rule for the parameters of a {@code T3DModel}.
   *
   * @param model its settings, for the number of layers
   * @param textDecay {@code TrainingConfig.textLayerDecay}
   * @param visionDecay {@code TrainingConfig.visionLayerDecay}
   */
  public static LayerDecay of(T3DConfig model, double textDecay, double visionDecay) {
    return new LayerDecay(
        List.of(text(model.text(), textDecay), vision(model.vision(), visionDecay)));
  }

  private static Encoder text(TextConfig config, double decay) {
    return new Encoder(
        "text\\.(?:embeddings|encoder\\.layer\\.(\\d+))\\.", 0, config.layers(), decay);
  }

  private static Encoder vision(VisionConfig config, double decay) {
    if (config instanceof Vit3dConfig vit) {
      return new Encoder("vision\\.(?:patch_embedding|blocks\\.(\\d+))\\.", 0, vit.layers(), decay);
    }
    int stages = ((ResNet3dConfig) config).layers().size();
    return new Encoder("vision\\.(?:conv1|bn1|layer(\\d+))\\.", 1, stages, decay);
  }

  /**
   * The factor of a parameter's learning rate.
   *
   * @param name dotted name, as of {@code T3DModel.parameters()}
   * @return in (0, 1]
   */
  @Override
  public double applyAsDouble(String name) {
    for (Encoder encoder : encoders) {
      Matcher layer = encoder.layer.matcher(name);
      if (layer.lookingAt()) {
        int depth =
            layer.group(1) == null ? 0 : 1 + Integer.parseInt(layer.group(1)) - encoder.first;
        return Math.pow(encoder.decay, encoder.layers + 1 - depth);
      }
    }
    return 1;
  }

  /** Names of an encoder's layers, numbered from {@code first}; no number is the lowest. */
  private record Encoder(Pattern layer, int first, int layers, double decay) {
    Encoder(String layer, int first, int layers, double decay) {
      this(Pattern.compile(layer), first, layers, decay);
    }
  }
}

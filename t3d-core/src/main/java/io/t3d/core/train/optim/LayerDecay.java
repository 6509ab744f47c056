package io.t3d.core.train.optim;

import io.t3d.core.nn.Encoder;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.VisionEncoder;
import java.util.List;
import java.util.function.ToDoubleFunction;

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
 * LayerDecay rate = LayerDecay.of(model.vision(), model.text(), 1, 0.9);
 * AdamW optimizer = new AdamW(manager, model.parameters(), settings, rate);
 * }</pre>
 *
 * <p>The encoders tell which parameter is in which layer: {@link Encoder#layerOf}.
 */
public final class LayerDecay implements ToDoubleFunction<String> {
  private final List<Part> parts;

  private LayerDecay(List<Part> parts) {
    this.parts = parts;
  }

  /** An encoder whose parameters' names start with a prefix. */
  private record Part(String prefix, Encoder encoder, double decay) {
    Part {
      if (decay != 1 && encoder.layers() == 0) {
        throw new IllegalArgumentException(
            "A layer-wise decay of "
                + decay
                + " for '"
                + prefix
                + "' needs an encoder that knows its layers, but "
                + encoder.getClass().getName()
                + ".layers() is 0; override Encoder.layers and layerOf, or set the decay to 1");
      }
    }

    double factor(String name) {
      int above = encoder.layers() + 1 - encoder.layerOf(name.substring(prefix.length()));
      return Math.pow(decay, above);
    }
  }

  /**
   * The rule for the parameters of a {@code T3DModel}.
   *
   * @param vision the model's; its parameters are named {@code vision.…}
   * @param text the model's; its parameters are named {@code text.…}
   * @param visionDecay {@code TrainingConfig.visionLayerDecay}
   * @param textDecay {@code TrainingConfig.textLayerDecay}
   * @throws IllegalArgumentException when a decay is not 1 and its encoder knows no layers
   */
  public static LayerDecay of(
      VisionEncoder vision, TextEncoder text, double visionDecay, double textDecay) {
    return new LayerDecay(
        List.of(new Part("vision.", vision, visionDecay), new Part("text.", text, textDecay)));
  }

  /**
   * The factor of a parameter's learning rate.
   *
   * @param name dotted name, as of {@code T3DModel.parameters()}
   * @return in (0, 1]
   */
  @Override
  public double applyAsDouble(String name) {
    for (Part part : parts) {
      if (part.decay != 1 && name.startsWith(part.prefix)) {
        return part.factor(name);
      }
    }
    return 1;
  }
}

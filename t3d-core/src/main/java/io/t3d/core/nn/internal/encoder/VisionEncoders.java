package io.t3d.core.nn.internal.encoder;

import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.CustomVisionConfig;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.ctvit.CtVit;
import io.t3d.core.nn.vision.CropVit3d;
import io.t3d.core.nn.vision.FeatureMapEncoder;
import io.t3d.core.nn.vision.OrganVit3d;
import io.t3d.core.nn.vision.ResNet3d;
import io.t3d.core.nn.vision.Vit3d;

/** Builds the visual encoder that settings describe, and describes an encoder by settings. */
public final class VisionEncoders {
  private VisionEncoders() {}

  /**
   * A new encoder without weights: call {@code initialize} on it.
   *
   * @throws IllegalArgumentException when the settings are those of a class of one's own
   */
  public static VisionEncoder create(VisionConfig config) {
    if (config instanceof CustomVisionConfig custom) {
      throw new IllegalArgumentException(
          "The visual encoder is a "
              + custom.encoder()
              + ", which only its own code can build: pass one to"
              + " T3DModel.builder().vision(encoder)");
    }
    if (config instanceof ResNet3dConfig resnet) {
      return new ResNet3d(resnet);
    }
    if (config instanceof CtVitConfig ctVit) {
      return new CtVit(ctVit);
    }
    if (config instanceof CropVit3dConfig crops) {
      return new CropVit3d(crops);
    }
    if (config instanceof OrganVit3dConfig organs) {
      return new OrganVit3d(organs);
    }
    return new Vit3d((Vit3dConfig) config);
  }

  /** The settings of an encoder, of this library or one's own. */
  public static VisionConfig configOf(VisionEncoder encoder) {
    if (encoder instanceof ResNet3d resnet) {
      return resnet.config();
    }
    if (encoder instanceof Vit3d vit) {
      return vit.config();
    }
    if (encoder instanceof CtVit ctVit) {
      return ctVit.config();
    }
    if (encoder instanceof CropVit3d crops) {
      return crops.config();
    }
    if (encoder instanceof OrganVit3d organs) {
      return organs.config();
    }
    String name =
        encoder instanceof FeatureMapEncoder map ? map.describe() : encoder.getClass().getName();
    return new CustomVisionConfig(name, encoder.channels());
  }
}

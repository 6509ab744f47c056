package io.t3d.core.nn.vision;

import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.VisionEncoder;

/** Builds the visual encoder that a config names. */
public final class VisionEncoders {
  private VisionEncoders() {}

  /** A new encoder without weights: call {@code initialize} on it. */
  public static VisionEncoder create(VisionConfig config) {
    if (config instanceof ResNet3dConfig resnet) {
      return new ResNet3d(resnet);
    }
    return new Vit3d((Vit3dConfig) config);
  }
}

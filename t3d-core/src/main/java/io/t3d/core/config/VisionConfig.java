package io.t3d.core.config;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Settings of a visual encoder; {@code type} in YAML tells which. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = ResNet3dConfig.class, name = "resnet3d"),
  @JsonSubTypes.Type(value = Vit3dConfig.class, name = "vit3d"),
  @JsonSubTypes.Type(value = CtVitConfig.class, name = "ct-vit"),
  @JsonSubTypes.Type(value = CropVit3dConfig.class, name = "crop-vit3d"),
  @JsonSubTypes.Type(value = OrganVit3dConfig.class, name = "organ-vit3d"),
  @JsonSubTypes.Type(value = CustomVisionConfig.class, name = "custom")
})
public sealed interface VisionConfig
    permits ResNet3dConfig,
        Vit3dConfig,
        CtVitConfig,
        CropVit3dConfig,
        OrganVit3dConfig,
        CustomVisionConfig {
  /** C, the width of a visual token. */
  int channels();

  /**
   * Tokens of a slab, where every view has the same number: what a projection per place needs. 0
   * where views may have any size.
   */
  default int places() {
    return 0;
  }

  /**
   * The same settings.
   *
   * @param purpose who needs an encoder of this library, to begin the message with
   * @throws IllegalArgumentException when the encoder is a class of one's own, or another
   */
  default VisionConfig builtIn(String purpose) {
    if (this instanceof CustomVisionConfig custom) {
      throw new IllegalArgumentException(
          purpose + " needs a ResNet3d or Vit3d as visual encoder, got " + custom.encoder());
    }
    if (!(this instanceof ResNet3dConfig || this instanceof Vit3dConfig)) {
      throw new IllegalArgumentException(
          purpose
              + " needs a ResNet3d or Vit3d as visual encoder, got settings "
              + getClass().getSimpleName());
    }
    return this;
  }
}

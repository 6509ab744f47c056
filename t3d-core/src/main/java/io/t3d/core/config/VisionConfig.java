package io.t3d.core.config;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Settings of a visual encoder; {@code type} in YAML tells which. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = ResNet3dConfig.class, name = "resnet3d"),
  @JsonSubTypes.Type(value = Vit3dConfig.class, name = "vit3d")
})
public sealed interface VisionConfig permits ResNet3dConfig, Vit3dConfig {
  /** C, the width of a visual token. */
  int channels();
}

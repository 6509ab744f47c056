package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Configuration of a model whose visual encoder is a user-defined class; only that class knows its
 * settings. It comes from {@code T3DModel.builder().vision(encoder)}; no file of settings can ask
 * for it, because no class is ever loaded by a name that stands in a file.
 *
 * @param encoder full name of the class, to tell the reader of a checkpoint which one it needs
 * @param channels C, width of a visual token
 */
public record CustomVisionConfig(String encoder, int channels) implements VisionConfig {
  /** Checks the width. */
  public CustomVisionConfig {
    Checks.named("CustomVisionConfig.encoder", encoder);
    Checks.positive("CustomVisionConfig.channels", channels);
  }
}

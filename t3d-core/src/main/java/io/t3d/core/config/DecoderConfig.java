package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Settings of a segmentation decoder.
 *
 * @param channels of the finest level; each coarser level has twice as many
 * @param maxChannels the most that a level has
 */
public record DecoderConfig(int channels, int maxChannels) {
  /** Checks sizes. */
  public DecoderConfig {
    Checks.positive("DecoderConfig.channels", channels);
    Checks.inRange("DecoderConfig.maxChannels", maxChannels, channels, 1 << 16);
  }

  /** 16 channels at the finest level, 256 at most. */
  public static DecoderConfig defaults() {
    return new DecoderConfig(16, 256);
  }

  /** The channels of a level, 0 being the finest. */
  public int channelsOf(int level) {
    return (int) Math.min((long) channels << Math.min(level, 30), maxChannels);
  }
}

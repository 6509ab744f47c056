package io.t3d.core.nn.internal.segment;

import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.nn.vision.ResNet3d;
import java.util.ArrayList;
import java.util.List;

/**
 * The up path of a U-Net on a {@link ResNet3d}: from the last stage each level doubles the size by
 * a transposed convolution and joins the stage of that size, then the stem, then the views
 * themselves through one convolution.
 *
 * <p>Ronneberger, Fischer, Brox 2015, "U-Net: Convolutional Networks for Biomedical Image
 * Segmentation"; Çiçek et al. 2016, "3D U-Net", with its batch norms. Differs: the down path is the
 * ResNet; leaky ReLU as in nnU-Net (Isensee et al. 2021); convolutions keep the size.
 */
public final class UNetDecoder3d extends SkipDecoder3d {
  private final int stages;
  private final List<Integer> mapChannels;
  private final int stride;

  /**
   * Builds the decoder; weights come with {@code initialize}.
   *
   * @param encoder settings of the encoder
   * @param config widths
   * @param classes K, background included
   */
  public UNetDecoder3d(ResNet3dConfig encoder, DecoderConfig config, int classes) {
    List<Integer> widths = encoder.widths();
    stages = widths.size();
    mapChannels = new ArrayList<>(List.of(widths.get(0)));
    widths.forEach(w -> mapChannels.add(w * encoder.block().expansion()));
    int pool = encoder.maxPool() ? 2 : 1;
    stride = (encoder.stemStride() * pool) << (stages - 1);
    boolean views = encoder.stemStride() > 1; // else the stem has the size of the views
    for (int map = stages - 1; map >= 0; map--) {
      addLevel(map == 0 ? pool : 2, config.channelsOf(map + (views ? 1 : 0)), false);
    }
    if (views) {
      addLevel(encoder.stemStride(), config.channelsOf(0), true);
    }
    addHead(classes);
  }

  private void addLevel(int factor, int channels, boolean views) {
    ConvUnit3d skip = views ? new ConvUnit3d(channels) : null;
    addLevel(new UpLevel3d(Size3.cube(factor), channels, skip));
  }

  @Override
  public Size3 multiple() {
    return Size3.cube(stride);
  }

  @Override
  int mapCount() {
    return stages + 1;
  }

  @Override
  int skipOf(int level) {
    return level < stages ? stages - 1 - level : VIEWS;
  }

  @Override
  int channelsOf(int map) {
    return mapChannels.get(map);
  }
}

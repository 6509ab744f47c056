package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.VisionEncoder;
import java.util.List;

/** Decodes an encoder's feature maps into a score per voxel and class. */
public interface SegmentationDecoder extends Block {
  /**
   * Decodes.
   *
   * @param parameters where the weights come from
   * @param views {@code (B, 1, D, H, W)}, float32, (D, H, W) a multiple of {@link #multiple}
   * @param maps those of {@link VisionEncoder#featureMaps} of these views; left open
   * @param training whether the pass is for training
   * @return logits {@code (B, K, D, H, W)}, float32; owned by the manager of the maps
   * @throws IllegalArgumentException when the shapes do not fit
   */
  NDArray decode(ParameterStore parameters, NDArray views, List<NDArray> maps, boolean training);

  /** What must divide the size of views, so that every level has twice the size of the next. */
  Size3 multiple();

  /**
   * The decoder that fits an encoder: {@link UNetDecoder3d} or {@link UnetrDecoder3d}.
   *
   * @param vision the encoder
   * @param config widths
   * @param classes K, background included
   * @throws IllegalArgumentException when the encoder is a class of one's own
   */
  static SegmentationDecoder create(VisionConfig vision, DecoderConfig config, int classes) {
    if (vision instanceof ResNet3dConfig resnet) {
      return new UNetDecoder3d(resnet, config, classes);
    }
    return new UnetrDecoder3d(
        (Vit3dConfig) vision.builtIn("A segmentation decoder"), config, classes);
  }
}

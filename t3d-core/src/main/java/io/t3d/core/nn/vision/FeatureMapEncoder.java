package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.GridEncoder;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.ViewShapes;

/**
 * Any DJL block that makes a feature map of views, as a visual encoder: each voxel of the map is a
 * token.
 *
 * <pre>{@code
 * Block net = new SequentialBlock().add(conv(16)).add(Activation.reluBlock()).add(conv(32));
 * T3DModel model =
 *     T3DModel.builder()
 *         .vision(new FeatureMapEncoder(net, 32, Size3.cube(32)))
 *         .text(TextConfig.tiny())
 *         .build();
 * }</pre>
 */
public final class FeatureMapEncoder extends GridEncoder {
  private final Block net;
  private final int channels;
  private final Size3 exampleSize;

  /**
   * Wraps a block.
   *
   * @param net {@code (B, 1, D, H, W)} to {@code (B, C, d, h, w)}; from now on a part of this
   * @param channels C
   * @param exampleSize a size of views that fits the block
   */
  @SuppressWarnings("this-escape")
  public FeatureMapEncoder(Block net, int channels, Size3 exampleSize) {
    Checks.positive("channels", channels);
    this.net = addChildBlock("net", net);
    this.channels = channels;
    this.exampleSize = exampleSize;
  }

  /** Names this class and that of the block, for {@code CustomVisionConfig}. */
  public String describe() {
    return FeatureMapEncoder.class.getName() + "(" + net.getClass().getName() + ")";
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public Size3 exampleSize() {
    return exampleSize;
  }

  @Override
  public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
    ViewShapes.check(views);
    // A handle: it is closed with the map, which may be the very same array.
    NDArray x = Scopes.handle(views, views.getManager());
    NDArray map = Steps.runAndFree(net, parameters, x, training);
    Shapes.check(
        "the feature map of " + net.getClass().getName(),
        map,
        "B, C, d, h, w",
        "B of the views and the C that FeatureMapEncoder was told",
        views.getShape().get(0),
        channels,
        -1,
        -1,
        -1);
    return VisualTokens.of(map);
  }

  @Override
  protected Size3 grid(Shape views) {
    Shape map = net.getOutputShapes(new Shape[] {views})[0];
    return new Size3((int) map.get(2), (int) map.get(3), (int) map.get(4));
  }
}

package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
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
public final class UNetDecoder3d extends AbstractBlock implements SegmentationDecoder {
  private final int stages;
  private final List<Integer> mapChannels;
  private final int stride;
  private final List<UpLevel3d> levels = new ArrayList<>(); // coarse to fine
  private final LogitMap3d head;

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
    stride = encoder.stemStride() * pool << (stages - 1);
    boolean views = encoder.stemStride() > 1; // else the stem has the size of the views
    for (int map = stages - 1; map >= 0; map--) {
      addLevel(map == 0 ? pool : 2, config.channelsOf(map + (views ? 1 : 0)), false);
    }
    if (views) {
      addLevel(encoder.stemStride(), config.channelsOf(0), true);
    }
    head = addChildBlock("head", new LogitMap3d(classes));
  }

  private void addLevel(int factor, int channels, boolean views) {
    ConvUnit3d skip = views ? new ConvUnit3d(channels) : null;
    UpLevel3d level = new UpLevel3d(Size3.cube(factor), channels, skip);
    levels.add(addChildBlock("level" + (levels.size() + 1), level));
  }

  @Override
  public Size3 multiple() {
    return Size3.cube(stride);
  }

  @Override
  public NDArray decode(
      ParameterStore parameters, NDArray views, List<NDArray> maps, boolean training) {
    DecoderShapes.check(views, maps, stages + 1, multiple());
    NDArray x = maps.get(stages);
    for (int i = 0; i < levels.size(); i++) {
      NDArray skip = i < stages ? maps.get(stages - 1 - i) : views;
      NDList inputs = new NDList(x, skip);
      NDArray y = levels.get(i).forward(parameters, inputs, training).singletonOrThrow();
      if (i > 0) {
        x.close();
      }
      x = y;
    }
    return Steps.runAndFree(head, parameters, x, training);
  }

  /** For DJL: the views, then the maps; see {@link #decode}. */
  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    List<NDArray> maps = inputs.subList(1, inputs.size());
    return new NDList(decode(parameters, inputs.get(0), maps, training));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return head.getOutputShapes(inputs);
  }

  /** Weights depend on channels only; so the shapes here are those of the smallest views. */
  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape x = DecoderShapes.map(mapChannels.get(stages));
    for (int i = 0; i < levels.size(); i++) {
      Shape skip = DecoderShapes.map(i < stages ? mapChannels.get(stages - 1 - i) : 1);
      levels.get(i).initialize(manager, dataType, x, skip);
      x = DecoderShapes.map(levels.get(i).channels());
    }
    head.initialize(manager, dataType, x);
  }
}

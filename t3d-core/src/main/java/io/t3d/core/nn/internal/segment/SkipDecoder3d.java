package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import java.util.ArrayList;
import java.util.List;

/** Levels from coarse to fine, each of which joins a feature map or the views; then the scores. */
abstract class SkipDecoder3d extends TypedBlock implements SegmentationDecoder {
  /** Says that a level joins the views. */
  static final int VIEWS = -1;

  private final List<UpLevel3d> levels = new ArrayList<>(); // coarse to fine
  private LogitMap3d head;

  /** Adds the next finer level. */
  final void addLevel(UpLevel3d level) {
    levels.add(addChildBlock("level" + (levels.size() + 1), level));
  }

  /** Adds what comes after the last level. */
  final void addHead(int classes) {
    head = addChildBlock("head", new LogitMap3d(classes));
  }

  /** How many feature maps the encoder has; the last is where the coarsest level starts. */
  abstract int mapCount();

  /** The map that a level joins, or {@link #VIEWS}. */
  abstract int skipOf(int level);

  /** The channels of a map. */
  abstract int channelsOf(int map);

  @Override
  public final NDArray decode(
      ParameterStore parameters, NDArray views, List<NDArray> maps, boolean training) {
    DecoderShapes.check(views, maps, mapCount(), multiple());
    NDArray x = maps.get(maps.size() - 1);
    for (int i = 0; i < levels.size(); i++) {
      NDArray skip = skipOf(i) == VIEWS ? views : maps.get(skipOf(i));
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
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    List<NDArray> maps = inputs.subList(1, inputs.size());
    return decode(parameters, inputs.get(0), maps, training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return head.outputShape(inputs);
  }

  /** Weights depend on channels only; so the shapes here are those of the smallest views. */
  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape x = DecoderShapes.map(channelsOf(mapCount() - 1));
    for (int i = 0; i < levels.size(); i++) {
      Shape skip = DecoderShapes.map(skipOf(i) == VIEWS ? 1 : channelsOf(skipOf(i)));
      levels.get(i).initialize(manager, dataType, x, skip);
      x = DecoderShapes.map(levels.get(i).channels());
    }
    head.initialize(manager, dataType, x);
  }
}

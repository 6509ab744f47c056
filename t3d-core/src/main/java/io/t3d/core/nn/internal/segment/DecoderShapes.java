package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.internal.ViewShapes;
import java.util.List;

/** What both decoders check and assume about shapes. */
final class DecoderShapes {
  private DecoderShapes() {}

  /** A map of some size, for the initialisation of weights that depend on channels only. */
  static Shape map(long channels) {
    return new Shape(1, channels, 4, 4, 4);
  }

  static void check(NDArray views, List<NDArray> maps, int count, Size3 multiple) {
    ViewShapes.check(views);
    Shape s = views.getShape();
    if (s.get(2) % multiple.depth() != 0
        || s.get(3) % multiple.height() != 0
        || s.get(4) % multiple.width() != 0) {
      throw new IllegalArgumentException(
          "views must have (D, H, W) that are multiples of ("
              + multiple.depth()
              + ", "
              + multiple.height()
              + ", "
              + multiple.width()
              + "), got "
              + Shapes.format(s.slice(2))
              + "; pad them, as Segmenter does");
    }
    if (maps.size() != count) {
      throw new IllegalArgumentException(
          "maps must be the "
              + count
              + " of VisionEncoder.featureMaps of the encoder that the decoder was made for, got "
              + maps.size());
    }
  }
}

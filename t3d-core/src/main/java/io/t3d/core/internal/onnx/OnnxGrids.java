package io.t3d.core.internal.onnx;

import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;

/** How blocks of voxels divide a view. */
final class OnnxGrids {
  private OnnxGrids() {}

  /**
   * Blocks along each axis.
   *
   * @param what the blocks are called
   * @param block voxels of one
   * @param view voxels of the view
   * @throws T3dException when they do not divide it
   */
  static Size3 of(String what, Size3 block, Size3 view) {
    if (view.depth() % block.depth() != 0
        || view.height() % block.height() != 0
        || view.width() % block.width() != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The "
              + what
              + " "
              + format(block)
              + " must divide the view (D, H, W), got "
              + format(view)
              + "; export for a multiple of it (data.json: views.globalSize)");
    }
    return new Size3(
        view.depth() / block.depth(), view.height() / block.height(), view.width() / block.width());
  }

  static String format(Size3 size) {
    return Shapes.format(new Shape(size.depth(), size.height(), size.width()));
  }
}

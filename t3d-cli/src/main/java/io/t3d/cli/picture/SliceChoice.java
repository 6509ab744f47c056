package io.t3d.cli.picture;

import io.t3d.core.volume.Volume;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/** Which slices are shown: those that show most of what is laid over, else evenly spread ones. */
final class SliceChoice {
  private SliceChoice() {}

  /**
   * The slice of a row.
   *
   * @param row from 0
   * @param rows how many there are: each shows the richest slice of its share of what is laid over
   */
  static int of(Volume volume, Optional<Overlay> overlay, Plane plane, int row, int rows) {
    int slices = plane.slices(volume);
    double[] content =
        overlay.map(o -> content(o, plane.axis(volume), slices)).orElse(new double[0]);
    double all = 0;
    for (double c : content) {
      all += c;
    }
    if (all <= 0) {
      return Math.min(slices - 1, (int) ((row + 0.5) / rows * slices));
    }
    // The slices between the shares row / rows and (row + 1) / rows of all that there is.
    int first = -1;
    int last = -1;
    double before = 0;
    for (int i = 0; i < slices; i++) {
      double middle = (before + content[i] / 2) / all;
      if (content[i] > 0 && middle >= (double) row / rows && middle <= (row + 1.0) / rows) {
        first = first < 0 ? i : first;
        last = i;
      }
      before += content[i];
    }
    return first < 0 ? nearest(content, all, (row + 0.5) / rows) : richest(content, first, last);
  }

  /** The richest of some slices; of several, the one in their middle. */
  private static int richest(double[] content, int first, int last) {
    double most = 0;
    for (int i = first; i <= last; i++) {
      most = Math.max(most, content[i]);
    }
    int low = -1;
    int high = -1;
    for (int i = first; i <= last; i++) {
      if (content[i] >= most * (1 - 1e-9)) {
        low = low < 0 ? i : low;
        high = i;
      }
    }
    int middle = (low + high) / 2;
    return content[middle] >= most * (1 - 1e-9) ? middle : low;
  }

  /** The slice at which a share of all is reached: a few slices hold more than a row's share. */
  private static int nearest(double[] content, double all, double share) {
    double sum = 0;
    for (int i = 0; i < content.length; i++) {
      sum += content[i];
      if (sum / all >= share) {
        return i;
      }
    }
    return content.length - 1;
  }

  private static double[] content(Overlay overlay, int axis, int slices) {
    Volume v = overlay.values();
    DoubleUnaryOperator weights = overlay.weights();
    double[] content = new double[slices];
    int[] at = new int[3];
    for (at[0] = 0; at[0] < v.depth(); at[0]++) {
      for (at[1] = 0; at[1] < v.height(); at[1]++) {
        for (at[2] = 0; at[2] < v.width(); at[2]++) {
          content[at[axis]] += weights.applyAsDouble(v.get(at[0], at[1], at[2]));
        }
      }
    }
    return content;
  }
}

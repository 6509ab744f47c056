package io.t3d.pipeline.organ;

import io.t3d.core.config.OrganVit3dConfig.Window;
import io.t3d.core.config.Size3;

/**
 * A box of voxels in a volume, in (z, y, x) order. (Rules of fVLM's {@code data/preprocess.py} and
 * {@code eval.py}, to the voxel)
 *
 * @param from first voxel of each axis
 * @param to behind the last voxel of each axis
 */
record OrganWindow(int[] from, int[] to) {
  /** The smallest box that holds all voxels but zeros; empty (to = from = 0) where all are. */
  static OrganWindow about(byte[] labels, Size3 size, int wanted) {
    int[] low = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
    int[] high = {-1, -1, -1};
    int at = 0;
    for (int z = 0; z < size.depth(); z++) {
      for (int y = 0; y < size.height(); y++) {
        for (int x = 0; x < size.width(); x++) {
          byte label = labels[at++];
          if (label != 0 && (wanted == 0 || label == wanted)) {
            low[0] = Math.min(low[0], z);
            high[0] = z;
            low[1] = Math.min(low[1], y);
            high[1] = Math.max(high[1], y);
            low[2] = Math.min(low[2], x);
            high[2] = Math.max(high[2], x);
          }
        }
      }
    }
    return high[0] < 0
        ? new OrganWindow(new int[3], new int[3])
        : new OrganWindow(low, new int[] {high[0] + 1, high[1] + 1, high[2] + 1});
  }

  boolean isEmpty() {
    return to[0] == 0;
  }

  Size3 size() {
    return new Size3(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  }

  /** What is kept of a volume: a margin about all organs, one voxel less behind their end. */
  OrganWindow withMargin(Size3 margin, Size3 volume) {
    int[] m = array(margin);
    int[] n = array(volume);
    int[] low = new int[3];
    int[] high = new int[3];
    for (int i = 0; i < 3; i++) {
      low[i] = Math.max(0, from[i] - m[i]);
      high[i] = Math.min(n[i], to[i] - 1 + m[i]);
    }
    return new OrganWindow(low, high);
  }

  /** The window about this box of an organ. */
  OrganWindow window(Window settings, Size3 volume) {
    int[] least = array(settings.size());
    int[] n = array(volume);
    int[] low = new int[3];
    int[] high = new int[3];
    for (int i = 0; i < 3; i++) {
      int last = to[i] - 1;
      int size = Math.max(least[i], last - from[i]);
      int start = Math.max(0, (from[i] + last) / 2 - size / 2);
      high[i] = Math.min(n[i], start + size);
      low[i] = high[i] - start < size ? Math.max(0, high[i] - size) : start;
    }
    return new OrganWindow(low, high);
  }

  private static int[] array(Size3 size) {
    return new int[] {size.depth(), size.height(), size.width()};
  }
}

package io.t3d.pipeline.organ;

import io.t3d.core.config.OrganVit3dConfig.Window;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.Reorient;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A prepared volume and which organ each of its voxels is of.
 *
 * @param voxels {@code [D·H·W]}
 * @param labels {@code [D·H·W]}: 0, or 1 for the first organ and so on
 * @param size (D, H, W)
 */
record OrganScan(float[] voxels, byte[] labels, Size3 size) {
  /**
   * Prepares a volume and its labels.
   *
   * @param steps of the model
   * @param volume in HU
   * @param labels on the volume's voxels
   * @param organs label → 1 for the first organ and so on; others are no organ
   */
  static OrganScan prepared(
      Preprocessing steps, Volume volume, Volume labels, Map<Integer, Byte> organs) {
    Volume seen = steps.apply(volume);
    Volume turned =
        steps.orientation().map(codes -> new Reorient(codes).apply(labels)).orElse(labels);
    Size3 size = new Size3(seen.depth(), seen.height(), seen.width());
    Size3 old = new Size3(turned.depth(), turned.height(), turned.width());
    float[] values = turned.voxels();
    byte[] own = new byte[values.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = values[i] == 0 ? 0 : organs.getOrDefault((int) values[i], (byte) 0);
    }
    return new OrganScan(seen.voxels(), nearest(own, old, size), size);
  }

  /** What is kept of it: a margin about all organs, padded with zeros on both sides. */
  OrganScan kept(Window settings) {
    OrganWindow box = OrganWindow.about(labels, size, 0).withMargin(settings.margin(), size);
    Size3 cut = box.size();
    Size3 least = settings.least();
    int[] before = {
      Math.max(0, least.depth() - cut.depth()) / 2,
      Math.max(0, least.height() - cut.height()) / 2,
      Math.max(0, least.width() - cut.width()) / 2
    };
    Size3 padded =
        new Size3(
            Math.max(least.depth(), cut.depth()),
            Math.max(least.height(), cut.height()),
            Math.max(least.width(), cut.width()));
    return cut(box, before, padded);
  }

  /** The window about an organ, padded at the ends to whole patches; other organs are gone. */
  OrganScan about(int organ, Window settings, Size3 patch) {
    OrganWindow box = OrganWindow.about(labels, size, organ + 1).window(settings, size);
    Size3 cut = box.size();
    Size3 padded =
        new Size3(
            up(cut.depth(), patch.depth()),
            up(cut.height(), patch.height()),
            up(cut.width(), patch.width()));
    OrganScan window = cut(box, new int[3], padded);
    byte[] own = window.labels;
    for (int i = 0; i < own.length; i++) {
      own[i] = own[i] == organ + 1 ? own[i] : 0;
    }
    return window;
  }

  private static int up(int size, int multiple) {
    return (size + multiple - 1) / multiple * multiple;
  }

  /** Whether a voxel is of an organ. */
  boolean holds(int organ) {
    for (byte label : labels) {
      if (label == organ + 1) {
        return true;
      }
    }
    return false;
  }

  /** Whether a voxel is of any organ. */
  boolean holdsAny() {
    return IntStream.range(0, labels.length).anyMatch(i -> labels[i] != 0);
  }

  /** The patches that hold a labelled voxel, in (z, y, x) order. */
  int[] patches(Size3 patch) {
    int h = size.height() / patch.height();
    int w = size.width() / patch.width();
    boolean[] some = new boolean[size.depth() / patch.depth() * h * w];
    int at = 0;
    for (int z = 0; z < size.depth(); z++) {
      for (int y = 0; y < size.height(); y++) {
        int row = (z / patch.depth() * h + y / patch.height()) * w;
        for (int x = 0; x < size.width(); x++) {
          some[row + x / patch.width()] |= labels[at++] != 0;
        }
      }
    }
    return IntStream.range(0, some.length).filter(i -> some[i]).toArray();
  }

  private OrganScan cut(OrganWindow box, int[] before, Size3 padded) {
    int plane = padded.height() * padded.width();
    float[] values = new float[padded.depth() * plane];
    byte[] organs = new byte[values.length];
    Size3 cut = box.size();
    for (int z = 0; z < cut.depth(); z++) {
      for (int y = 0; y < cut.height(); y++) {
        int source =
            ((box.from()[0] + z) * size.height() + box.from()[1] + y) * size.width()
                + box.from()[2];
        int target = (before[0] + z) * plane + (before[1] + y) * padded.width() + before[2];
        System.arraycopy(voxels, source, values, target, cut.width());
        System.arraycopy(labels, source, organs, target, cut.width());
      }
    }
    return new OrganScan(values, organs, padded);
  }

  /**
   * Labels on the voxels of another size, as PyTorch's {@code interpolate(mode="nearest")}: voxel i
   * of n gets that at ⌊i · old / n⌋, in float32.
   */
  static byte[] nearest(byte[] labels, Size3 old, Size3 wanted) {
    int[] zs = nearest(old.depth(), wanted.depth());
    int[] ys = nearest(old.height(), wanted.height());
    int[] xs = nearest(old.width(), wanted.width());
    byte[] out = new byte[zs.length * ys.length * xs.length];
    int at = 0;
    for (int z : zs) {
      for (int y : ys) {
        int row = (z * old.height() + y) * old.width();
        for (int x : xs) {
          out[at++] = labels[row + x];
        }
      }
    }
    return out;
  }

  private static int[] nearest(int old, int wanted) {
    float scale = (float) old / wanted;
    int[] out = new int[wanted];
    Arrays.setAll(out, i -> Math.min((int) (i * scale), old - 1));
    return out;
  }
}

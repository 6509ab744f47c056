package io.t3d.core.task.segment;

import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Draws crops of volumes and masks. Each pass goes through all cases in a new order; same seed,
 * same crops.
 */
final class SegmentationCrops {
  private final SegmentationSource source;
  private final SegmenterConfig config;
  private final double foreground;
  private final SplittableRandom random;
  private final int[] classOfValue;
  private final List<Integer> order = new ArrayList<>();

  SegmentationCrops(
      SegmentationSource source, SegmenterConfig config, double foreground, long seed) {
    if (source.size() == 0) {
      throw new T3dException(T3dException.Kind.INPUT, "There is no volume with a mask to train on");
    }
    this.source = source;
    this.config = config;
    this.foreground = foreground;
    random = new SplittableRandom(seed);
    classOfValue = config.classOfValue();
  }

  /** Crops as flat arrays, one after the other. */
  record Crops(float[] voxels, long[] classes) {
    /** {@code (B, 1, D, H, W)} of windows. */
    Shape shape(Size3 w) {
      long voxelsOfOne = (long) w.depth() * w.height() * w.width();
      return new Shape(voxels.length / voxelsOfOne, 1, w.depth(), w.height(), w.width());
    }
  }

  Crops next(int count) throws IOException {
    Size3 w = config.window();
    int size = Math.multiplyExact(Math.multiplyExact(w.depth(), w.height()), w.width());
    Crops out = new Crops(new float[count * size], new long[count * size]);
    for (int i = 0; i < count; i++) {
      SegmentationCase one = source.get(nextIndex());
      cut(one, corner(one), out, i * size);
    }
    return out;
  }

  private int nextIndex() {
    if (order.isEmpty()) {
      for (int i = 0; i < source.size(); i++) {
        order.add(random.nextInt(i + 1), i);
      }
    }
    return order.remove(order.size() - 1);
  }

  /** The crop's first voxel (z, y, x); negative where the volume is smaller than the crop. */
  private int[] corner(SegmentationCase one) {
    Volume v = one.volume();
    int[] size = {v.depth(), v.height(), v.width()};
    Size3 w = config.window();
    int[] window = {w.depth(), w.height(), w.width()};
    int[] centre = random.nextDouble() < foreground ? voxelOfStructure(one.mask()) : null;
    int[] corner = new int[3];
    for (int a = 0; a < 3; a++) {
      int room = size[a] - window[a];
      if (room <= 0) {
        corner[a] = -(-room / 2);
      } else {
        // A uniform corner would show the volume's rim almost never; sliding windows are full of
        // it.
        int middle = centre == null ? random.nextInt(size[a]) : centre[a];
        corner[a] = Math.min(Math.max(middle - window[a] / 2, 0), room);
      }
    }
    return corner;
  }

  /** A random voxel of a random structure of the mask; null when it has none. */
  private int @Nullable [] voxelOfStructure(Volume mask) {
    int[] counts = new int[config.classCount()];
    for (float value : mask.voxels()) {
      int k = classOf(value);
      if (k > 0) {
        counts[k]++;
      }
    }
    int[] present =
        java.util.stream.IntStream.range(1, counts.length).filter(k -> counts[k] > 0).toArray();
    if (present.length == 0) {
      return null;
    }
    int wanted = present[random.nextInt(present.length)];
    int left = random.nextInt(counts[wanted]);
    float[] voxels = mask.voxels();
    int i = 0;
    while (classOf(voxels[i]) != wanted || left-- > 0) {
      i++;
    }
    int x = i % mask.width();
    int y = i / mask.width() % mask.height();
    return new int[] {i / mask.width() / mask.height(), y, x};
  }

  private int classOf(float value) {
    int whole = (int) value;
    if (whole != value || whole < 0 || whole > 255) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Masks must have whole values 0..255, got " + value + "; is this a mask?");
    }
    return classOfValue[whole];
  }

  /** Outside of the volume a crop is 0, air after a window, and says nothing. */
  private void cut(SegmentationCase one, int[] corner, Crops out, int to) {
    Size3 w = config.window();
    Volume v = one.volume();
    int at = to;
    for (int z = corner[0]; z < corner[0] + w.depth(); z++) {
      for (int y = corner[1]; y < corner[1] + w.height(); y++) {
        boolean rowInside = z >= 0 && z < v.depth() && y >= 0 && y < v.height();
        for (int x = corner[2]; x < corner[2] + w.width(); x++, at++) {
          if (rowInside && x >= 0 && x < v.width()) {
            int from = v.index(z, y, x);
            out.voxels[at] = v.voxels()[from];
            out.classes[at] = classOf(one.mask().voxels()[from]);
          } else {
            out.classes[at] = -1;
          }
        }
      }
    }
  }
}

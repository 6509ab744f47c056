package io.t3d.core.task.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Shapes;
import io.t3d.core.volume.Volume;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs a network over a volume window by window and averages the overlapping outputs, each weighted
 * by a Gaussian about the window's centre:
 *
 * <pre>{@code
 * g(i)   = exp(-(i - (n - 1)/2)² / 2(sigma·n)²)            per axis; the product is kept ≥ 1e-3
 * starts = 0, s, 2s, … with s = max(1, floor(n·(1 - overlap))), the last one moved back to the end
 * }</pre>
 *
 * <p>Windows, weights and starts are those of MONAI's {@code sliding_window_inference(mode =
 * "gaussian")}. Volumes smaller than a window are padded with 0 on both sides, the odd voxel at the
 * end.
 *
 * <p>Results come slice by slice: what is held is {@code K} scores for as many slices as a window
 * has, not for the volume.
 */
final class SlidingWindow {
  private static final double MIN_WEIGHT = 1e-3;

  private final Size3 window;
  private final double overlap;
  private final int batch;
  private final float[] weights;

  /** A network. */
  @FunctionalInterface
  interface Network {
    /** From {@code (b, 1, D, H, W)} to {@code (b, K, D, H, W)}, float32. */
    NDArray logits(NDArray windows);
  }

  /**
   * Plans windows.
   *
   * @param window voxels of a window
   * @param overlap share of a window that the next one covers again, in [0, 0.95]
   * @param sigma standard deviation of the Gaussian as a share of the window's size
   * @param batch windows that the network gets at once
   */
  SlidingWindow(Size3 window, double overlap, double sigma, int batch) {
    Checks.inRange("overlap", overlap, 0, 0.95);
    Checks.positive("sigma", sigma);
    Checks.positive("batch", batch);
    this.window = window;
    this.overlap = overlap;
    this.batch = batch;
    weights = gaussian(window, sigma);
  }

  private static float[] gaussian(Size3 n, double sigma) {
    double[] gz = gaussian(n.depth(), sigma);
    double[] gy = gaussian(n.height(), sigma);
    double[] gx = gaussian(n.width(), sigma);
    float[] out = new float[n.depth() * n.height() * n.width()];
    for (int z = 0, i = 0; z < gz.length; z++) {
      for (double y : gy) {
        for (double x : gx) {
          out[i++] = (float) Math.max(gz[z] * y * x, MIN_WEIGHT);
        }
      }
    }
    return out;
  }

  private static double[] gaussian(int n, double sigma) {
    double[] g = new double[n];
    for (int i = 0; i < n; i++) {
      double d = (i - (n - 1) / 2.0) / (sigma * n);
      g[i] = Math.exp(-d * d / 2);
    }
    return g;
  }

  /** Where windows start along an axis of {@code size >= window} voxels. */
  private int[] starts(int size, int length) {
    int step = Math.max(1, (int) (length * (1 - overlap)));
    int count = (size - length + step - 1) / step + 1;
    int[] out = new int[count];
    for (int i = 0; i < count; i++) {
      out[i] = Math.min(i * step, size - length);
    }
    return out;
  }

  /**
   * Runs a network.
   *
   * @param manager windows belong to children of it, on its device
   * @param volume intensities as the network wants them
   * @param network called with at most {@code batch} windows
   * @param sink gets the slices in order
   */
  void run(NDManager manager, Volume volume, Network network, Segmenter.Slices sink) {
    new Run(volume, sink).all(manager, network);
  }

  /** The sums of one volume. */
  private final class Run {
    private final Volume volume;
    private final Segmenter.Slices sink;
    private final int padZ;
    private final int padY;
    private final int padX;
    private final int height; // padded
    private final int width; // padded
    private final float[] total; // of the weights: ring of window.depth() slices
    private float @Nullable [][] sums; // per class: weighted scores, same ring
    private float[] out;
    private int done; // padded slices handed on

    Run(Volume volume, Segmenter.Slices sink) {
      this.volume = volume;
      this.sink = sink;
      padZ = Math.max(0, window.depth() - volume.depth()) / 2;
      padY = Math.max(0, window.height() - volume.height()) / 2;
      padX = Math.max(0, window.width() - volume.width()) / 2;
      height = Math.max(window.height(), volume.height());
      width = Math.max(window.width(), volume.width());
      total = new float[Math.multiplyExact(Math.multiplyExact(window.depth(), height), width)];
    }

    void all(NDManager manager, Network network) {
      int depth = Math.max(window.depth(), volume.depth());
      List<int[]> places = new ArrayList<>();
      for (int y : starts(height, window.height())) {
        for (int x : starts(width, window.width())) {
          places.add(new int[] {y, x});
        }
      }
      for (int z : starts(depth, window.depth())) {
        finish(z);
        for (int from = 0; from < places.size(); from += batch) {
          List<int[]> some = places.subList(from, Math.min(places.size(), from + batch));
          try (NDManager scope = manager.newSubManager()) {
            add(z, some, network.logits(cut(scope, z, some)));
          }
        }
      }
      finish(depth);
    }

    private NDArray cut(NDManager scope, int z0, List<int[]> places) {
      int d = window.depth();
      int h = window.height();
      int w = window.width();
      float[] voxels = new float[places.size() * weights.length];
      int row = 0;
      for (int[] place : places) {
        int left = place[1] - padX;
        int from = Math.max(0, left);
        int count = Math.min(volume.width(), left + w) - from;
        for (int z = z0 - padZ; z < z0 - padZ + d; z++) {
          for (int y = place[0] - padY; y < place[0] - padY + h; y++, row++) {
            if (z >= 0 && z < volume.depth() && y >= 0 && y < volume.height()) {
              int at = volume.index(z, y, from);
              System.arraycopy(volume.voxels(), at, voxels, row * w + from - left, count);
            }
          }
        }
      }
      return scope.create(voxels, new Shape(places.size(), 1, d, h, w));
    }

    private void add(int z0, List<int[]> places, NDArray logits) {
      int d = window.depth();
      int h = window.height();
      int w = window.width();
      Shapes.check(
          "logits",
          logits,
          "B, K, D, H, W",
          "the network must give one score per class and voxel of its windows",
          places.size(),
          sums == null ? -1 : sums.length,
          d,
          h,
          w);
      int classes = (int) logits.getShape().get(1);
      if (sums == null) {
        sums = new float[classes][total.length];
        out = new float[classes * volume.height() * volume.width()];
      }
      float[] values = logits.toFloatArray();
      for (int b = 0; b < places.size(); b++) {
        int[] place = places.get(b);
        for (int row = 0; row < d * h; row++) {
          int to = ringRow(z0 + row / h, place[0] + row % h) + place[1];
          for (int x = 0; x < w; x++) {
            total[to + x] += weights[row * w + x];
          }
          for (int k = 0; k < classes; k++) {
            int from = ((b * classes + k) * d * h + row) * w;
            float[] sum = sums[k];
            for (int x = 0; x < w; x++) {
              sum[to + x] += weights[row * w + x] * values[from + x];
            }
          }
        }
      }
    }

    private int ringRow(int z, int y) {
      return (z % window.depth() * height + y) * width;
    }

    /** Hands on the slices before z, to which no window will add, and empties their places. */
    private void finish(int z) {
      for (; done < z; done++) {
        int slice = done - padZ;
        if (slice >= 0 && slice < volume.depth()) {
          average(done);
          sink.slice(slice, out);
        }
        int from = ringRow(done, 0);
        Arrays.fill(total, from, from + height * width, 0);
        for (float[] sum : sums) {
          Arrays.fill(sum, from, from + height * width, 0);
        }
      }
    }

    private void average(int z) {
      int at = 0;
      for (float[] sum : sums) {
        for (int y = 0; y < volume.height(); y++) {
          int from = ringRow(z, y + padY) + padX;
          for (int x = 0; x < volume.width(); x++) {
            out[at++] = sum[from + x] / total[from + x];
          }
        }
      }
    }
  }
}

package io.t3d.core.nn.internal.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.t3d.core.nn.internal.report.DecoderAttention.KeyValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cached keys and values of the visual tokens and of the tokens written so far, so that each new
 * token costs one position only. Of {@link ReportDecoder#start}; close it to free them.
 */
public final class DecoderCache implements AutoCloseable {
  private final NDManager manager;
  private final List<Layer> layers = new ArrayList<>();
  private int length;

  DecoderCache(NDManager manager) {
    this.manager = manager;
  }

  /** One layer's keys and values. */
  static final class Layer {
    private final NDManager manager;
    private KeyValue visual;
    private @Nullable KeyValue own; // null before the first token

    private Layer(NDManager manager, KeyValue visual) {
      this.manager = manager;
      this.visual = visual;
    }

    KeyValue visual() {
      return visual;
    }

    /** Adds the keys of new tokens {@code (B, L, C)} and gives all of them. */
    KeyValue append(KeyValue fresh) {
      KeyValue joined =
          own == null
              ? fresh
              : new KeyValue(
                  NDArrays.concat(new NDList(own.key(), fresh.key()), 1),
                  NDArrays.concat(new NDList(own.value(), fresh.value()), 1));
      replaceOwn(joined);
      return joined; // (B, past + L, C)
    }

    private void replaceOwn(KeyValue next) {
      keep(next);
      free(own);
      own = next;
    }

    private void keep(KeyValue next) {
      next.key().attach(manager);
      next.value().attach(manager);
    }

    private static void free(@Nullable KeyValue old) {
      if (old != null) {
        old.key().close();
        old.value().close();
      }
    }

    private static KeyValue rows(KeyValue of, NDArray rows) {
      return new KeyValue(
          of.key().get(new NDIndex("{}", rows)), of.value().get(new NDIndex("{}", rows)));
    }

    private void take(NDArray rows) {
      if (own != null) {
        replaceOwn(rows(own, rows));
      }
      KeyValue seen = rows(visual, rows);
      keep(seen);
      free(visual);
      visual = seen;
    }
  }

  void add(KeyValue visual) {
    Layer layer = new Layer(manager, visual);
    layer.keep(visual);
    layers.add(layer);
  }

  List<Layer> layers() {
    return layers;
  }

  /** Tokens that are in the cache. */
  public int length() {
    return length;
  }

  /** Rows (reports or beams) that are written at the same time. */
  public int rows() {
    return (int) layers.get(0).visual.key().getShape().get(0);
  }

  void grow(int tokens) {
    length += tokens;
  }

  /**
   * Makes row i go on from what row {@code sources[i]} has been until now. There may be more or
   * fewer rows than before.
   */
  public void select(int[] sources) {
    long[] wanted = Arrays.stream(sources).asLongStream().toArray();
    for (long row : wanted) {
      if (row < 0 || row >= rows()) {
        throw new IllegalArgumentException(
            "sources must be rows of the cache, 0 to " + (rows() - 1) + ", got " + row);
      }
    }
    try (NDArray rows = manager.create(wanted)) {
      layers.forEach(layer -> layer.take(rows));
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}

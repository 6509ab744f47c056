package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;

/**
 * Compares queries with a gallery that lies in files, which the operating system maps into memory:
 * it may be larger than memory, and processes share it. The files are what {@code ./t3d embed}
 * writes, one or many (shards); row 0 is the first of the first file.
 *
 * <p>Safe for many threads. A file must not be cut or overwritten in place while it is open, which
 * would end the process; what T3D writes replaces files as a whole, which is safe.
 */
public final class MappedIndex implements EmbeddingIndex {
  private static final double LENGTH_TOLERANCE = 1e-3;

  private final NDManager manager;
  private final List<Piece> pieces = new ArrayList<>();
  private final int size;
  private final int width;

  /** Rows that one map holds. */
  private record Piece(int first, int rows, ByteBuffer bytes, ExactIndex index) {}

  private MappedIndex(NDManager manager, List<Path> files, String tensor) throws IOException {
    this.manager = manager;
    int rows = 0;
    int columns = -1;
    for (Path file : files) {
      int before = rows;
      for (Safetensors.MappedRows map : Safetensors.mapRows(file, tensor)) {
        if (columns != -1 && map.columns() != columns) {
          throw new IOException(
              file
                  + ": its embeddings have "
                  + map.columns()
                  + " columns, those of "
                  + files.get(0)
                  + " "
                  + columns
                  + "; all must come from one model");
        }
        columns = map.columns();
        // A direct buffer is borrowed by the engine, not copied.
        NDArray gallery =
            manager.create(map.bytes(), new Shape(map.rows(), columns), DataType.FLOAT32);
        requireUnitLength(file, gallery, rows - before);
        pieces.add(new Piece(rows, map.rows(), map.bytes(), new ExactIndex(gallery, false)));
        rows = Math.addExact(rows, map.rows());
      }
    }
    this.size = rows;
    this.width = columns;
  }

  /**
   * Maps files.
   *
   * @param manager whose device computes the similarities must be the CPU, where the maps are; the
   *     index is closed with it at the latest
   * @param files safetensors, at least one
   * @param tensor which of their tensors, {@code (N, E)}, float32, L2-normalised: {@code volumes}
   *     or {@code reports} in files of {@code ./t3d embed}
   * @throws IOException when a file cannot be read, lacks the tensor, or has another shape or dtype
   * @throws IllegalArgumentException when a row is not of length 1
   */
  public static MappedIndex open(NDManager manager, List<Path> files, String tensor)
      throws IOException {
    if (files.isEmpty()) {
      throw new IllegalArgumentException("An index needs a file of embeddings, got none");
    }
    if (manager.getDevice().isGpu()) {
      throw new IllegalArgumentException(
          "A mapped index is searched on the CPU, got a manager of "
              + manager.getDevice()
              + "; use ExactIndex on a GPU");
    }
    NDManager own = manager.newSubManager();
    try {
      return new MappedIndex(own, files, tensor);
    } catch (IOException | RuntimeException e) {
      own.close();
      throw e;
    }
  }

  /** A gallery of other lengths would be ranked by dot products, silently. */
  private static void requireUnitLength(Path file, NDArray gallery, long firstRow) {
    long rows = gallery.getShape().get(0);
    int block = ExactIndex.ROWS;
    for (long from = 0; from < rows; from += block) {
      try (NDArray some = gallery.get(from + ":" + Math.min(rows, from + block));
          NDArray length = some.norm(new int[] {1})) {
        float[] lengths = length.toFloatArray();
        for (int i = 0; i < lengths.length; i++) {
          if (!(Math.abs(lengths[i] - 1) <= LENGTH_TOLERANCE)) {
            throw new IllegalArgumentException(
                file
                    + ": embeddings must be L2-normalised, got length "
                    + lengths[i]
                    + " at row "
                    + (firstRow + from + i)
                    + "; normalise them (array.normalize(2, 1)) before they are written");
          }
        }
      }
    }
  }

  @Override
  public int size() {
    return size;
  }

  /** E, the width of an embedding. */
  public int width() {
    return width;
  }

  /**
   * The rows in order, read as they are asked for: what {@link HnswIndex#buildPart} takes.
   *
   * @param from the first row
   * @param to one past the last row
   * @throws IndexOutOfBoundsException when there are no such rows
   */
  public Iterable<float[]> rows(int from, int to) {
    Objects.checkFromToIndex(from, to, size);
    return () ->
        new Iterator<>() {
          private int next = from;
          private int piece;

          @Override
          public boolean hasNext() {
            return next < to;
          }

          @Override
          public float[] next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            while (next >= pieces.get(piece).first() + pieces.get(piece).rows()) {
              piece++;
            }
            float[] row = new float[width];
            int at = next - pieces.get(piece).first();
            pieces.get(piece).bytes().asFloatBuffer().get(at * width, row);
            next++;
            return row;
          }
        };
  }

  @Override
  public Neighbours search(float[][] queries, int k) {
    CosineRows.checkQueries(queries, width, k);
    int[][] rows = new int[queries.length][];
    float[][] similarities = new float[queries.length][];
    for (Piece piece : pieces) {
      Neighbours found = piece.index().search(queries, k);
      for (int q = 0; q < queries.length; q++) {
        int[] shifted = found.rows()[q].clone();
        for (int i = 0; i < shifted.length; i++) {
          shifted[i] += piece.first();
        }
        if (rows[q] == null) {
          rows[q] = shifted;
          similarities[q] = found.similarities()[q];
        } else {
          merge(rows, similarities, q, shifted, found.similarities()[q], k);
        }
      }
    }
    return new Neighbours(rows, similarities);
  }

  /** The k best of two lists that are sorted; of equals the earlier rows. */
  private static void merge(
      int[][] rows, float[][] similarities, int q, int[] more, float[] moreSimilar, int k) {
    int[] before = rows[q];
    float[] beforeSimilar = similarities[q];
    int count = Math.min(k, before.length + more.length);
    rows[q] = new int[count];
    similarities[q] = new float[count];
    int a = 0;
    int b = 0;
    for (int i = 0; i < count; i++) {
      boolean first = b == more.length || (a < before.length && beforeSimilar[a] >= moreSimilar[b]);
      rows[q][i] = first ? before[a] : more[b];
      similarities[q][i] = first ? beforeSimilar[a++] : moreSimilar[b++];
    }
  }

  /** Unmaps the files, some time after the last search. */
  @Override
  public void close() {
    manager.close();
  }
}

package io.t3d.pipeline;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.core.volume.View;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DataLoadingException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Lock;

/**
 * Embeddings of rows, batch after batch: for data sets whose vectors are not to be held at once,
 * and of which some volumes may be bad. The next volumes are read meanwhile; made by {@link
 * Embedder#stream}. For one thread.
 */
public final class RowEmbeddings implements AutoCloseable {
  /** Read ahead, beside the batch that is encoded. */
  private static final int AHEAD = 2 * Embedder.BATCH;

  private final List<ManifestRow> rows;
  private final Encoder encoder;
  private final Lock turn;
  private final ReadAhead<Read> reads;

  /** Turns views into vectors. */
  @FunctionalInterface
  interface Encoder {
    /** A vector of each. */
    List<float[]> encode(List<View> views);
  }

  /** Reads the view of a row. */
  @FunctionalInterface
  interface Reader {
    /** The view. */
    View read(ManifestRow row) throws IOException;
  }

  /** A view, or why there is none. */
  private record Read(Optional<View> view, Optional<String> problem) {}

  /**
   * What became of a row.
   *
   * @param row the row
   * @param vector {@code [E]}, L2-normalised; empty when the volume is bad
   * @param problem why the volume is bad, and the likely fix; empty when it is not
   */
  public record RowEmbedding(ManifestRow row, Optional<float[]> vector, Optional<String> problem) {
    /** Checks that nothing is missing. */
    public RowEmbedding {
      Objects.requireNonNull(row, "row");
      Objects.requireNonNull(vector, "vector");
      Objects.requireNonNull(problem, "problem");
    }
  }

  RowEmbeddings(List<ManifestRow> rows, Reader reader, Encoder encoder, int readers, Lock turn) {
    this.rows = List.copyOf(rows);
    this.encoder = encoder;
    this.turn = turn;
    List<Callable<Read>> tasks = new ArrayList<>();
    this.rows.forEach(row -> tasks.add(() -> read(row, reader)));
    this.reads = new ReadAhead<>(tasks, readers, AHEAD);
  }

  /** A volume that cannot be read is a result; a machine that lacks something is an error. */
  private static Read read(ManifestRow row, Reader reader) throws IOException {
    try {
      return new Read(Optional.of(reader.read(row)), Optional.empty());
    } catch (IOException | RuntimeException e) {
      if (e instanceof HasKind known && known.kind() == T3dException.Kind.ENVIRONMENT) {
        throw e;
      }
      return new Read(Optional.empty(), Optional.of(DataLoadingException.reason(e)));
    }
  }

  /** Whether there is another batch. */
  public boolean hasNext() {
    return reads.taken() < rows.size();
  }

  /**
   * The next rows, up to eight.
   *
   * @throws IOException when natives that a format needs are missing, or the thread is interrupted
   * @throws T3dException when the machine lacks memory or a device
   */
  public List<RowEmbedding> next() throws IOException {
    int first = reads.taken();
    List<Read> batch = reads.take(Embedder.BATCH);
    List<float[]> vectors = encode(batch);
    List<RowEmbedding> out = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Read read = batch.get(i);
      boolean bad = vectors.isEmpty() || read.view().isEmpty();
      out.add(
          new RowEmbedding(
              rows.get(first + i),
              bad ? Optional.empty() : Optional.of(vectors.get(i)),
              read.problem()));
    }
    return out;
  }

  /**
   * Vectors of all, or none when all are bad. libtorch chooses its algorithms by the size of a
   * batch, and they round differently: a good view stands in for each bad one, so that the others'
   * vectors are those they have beside a good one.
   */
  private List<float[]> encode(List<Read> batch) {
    Optional<View> some = batch.stream().flatMap(r -> r.view().stream()).findFirst();
    if (some.isEmpty()) {
      return List.of();
    }
    List<View> views = batch.stream().map(r -> r.view().orElse(some.get())).toList();
    turn.lock();
    try {
      return encoder.encode(views);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public void close() {
    reads.close();
  }
}

package io.t3d.spark;

import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.RowEmbeddings;
import io.t3d.pipeline.RowEmbeddings.RowEmbedding;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;

/**
 * The rows of a slice become vectors, and vectors what a data set holds: batch after batch, as they
 * are asked for.
 *
 * @param <T> what the data set holds
 */
final class EmbedTask<T> implements FlatMapFunction<Iterator<List<StudyLine>>, T> {
  private static final long serialVersionUID = 1L;

  private final ModelKey key;
  private final Finish<T> finish;

  /** From a vector to what a data set holds. */
  interface Finish<T> extends Serializable {
    /**
     * Makes the row.
     *
     * @param vector empty when the volume is bad
     */
    T of(ExecutorModel model, StudyLine line, Optional<float[]> vector, String problem);
  }

  EmbedTask(ModelKey key, Finish<T> finish) {
    this.key = key;
    this.finish = finish;
  }

  @Override
  public Iterator<T> call(Iterator<List<StudyLine>> slices) {
    List<StudyLine> lines = new ArrayList<>();
    slices.forEachRemaining(lines::addAll);
    TaskContext task = TaskContext.get();
    ExecutorModel model = ExecutorModel.ofTask(key, task);
    List<ManifestRow> rows = lines.stream().map(StudyLine::toRow).toList();
    RowEmbeddings stream = model.stream(rows, Math.max(1, task.cpus()));
    OfTask.atEnd(task, stream::close);
    return new Rows(model, lines, stream);
  }

  /** For one thread, the task's. */
  private final class Rows implements Iterator<T> {
    private final ExecutorModel model;
    private final List<StudyLine> lines;
    private final RowEmbeddings stream;
    private final Deque<RowEmbedding> ready = new ArrayDeque<>();
    private int given;

    Rows(ExecutorModel model, List<StudyLine> lines, RowEmbeddings stream) {
      this.model = model;
      this.lines = lines;
      this.stream = stream;
    }

    @Override
    public boolean hasNext() {
      return given < lines.size();
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      try {
        if (ready.isEmpty()) {
          ready.addAll(stream.next());
        }
        RowEmbedding row = ready.remove();
        Optional<String> problem = row.problem().or(() -> row.vector().flatMap(EmbedTask::odd));
        return finish.of(
            model,
            lines.get(given++),
            problem.isPresent() ? Optional.empty() : row.vector(),
            problem.orElse(""));
      } catch (Exception | OutOfMemoryError e) {
        throw Failures.onExecutor(e);
      }
    }
  }

  /** No index takes such a vector. */
  private static Optional<String> odd(float[] vector) {
    for (float v : vector) {
      if (!Float.isFinite(v)) {
        return Optional.of("its embedding has numbers that are not finite; look at its voxels");
      }
    }
    return Optional.empty();
  }
}

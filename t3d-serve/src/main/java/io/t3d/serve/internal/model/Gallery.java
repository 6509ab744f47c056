package io.t3d.serve.internal.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.retrieve.MappedIndex;
import io.t3d.core.task.retrieve.Neighbours;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Embeddings that requests are compared with: files of {@code t3d embed}, mapped into memory. */
public final class Gallery implements AutoCloseable {
  /** The tensors of such files. */
  private static final List<String> TENSORS = List.of("volumes", "reports");

  private final Map<String, MappedIndex> indexes;
  private final List<String> names;

  private Gallery(Map<String, MappedIndex> indexes, List<String> names) {
    this.indexes = indexes;
    this.names = names;
  }

  /**
   * What a search found.
   *
   * @param row position in the gallery, from 0
   * @param file the volume's path as it was embedded; empty when the gallery does not tell
   * @param similarity cosine with the query
   */
  public record Found(int row, String file, float similarity) {}

  /**
   * Maps a gallery.
   *
   * @param files written by {@code t3d embed}, in order
   * @throws IOException when a file cannot be read
   * @throws T3dException when it is of another model
   */
  public static Gallery open(TrainedModel model, List<Path> files) throws IOException {
    NDManager manager = model.model().manager().newSubManager(Device.cpu());
    Map<String, MappedIndex> indexes = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    for (Path file : files) {
      String found = Safetensors.metadata(file).getOrDefault("files", "[]");
      names.addAll(new ObjectMapper().readValue(found, new TypeReference<List<String>>() {}));
    }
    indexes.put(TENSORS.get(0), MappedIndex.open(manager, files, TENSORS.get(0)));
    if (hasReports(files)) {
      indexes.put(TENSORS.get(1), MappedIndex.open(manager, files, TENSORS.get(1)));
    }
    int width = model.model().config().embedDim();
    for (MappedIndex index : indexes.values()) {
      if (index.width() != width) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "The gallery's embeddings have "
                + index.width()
                + " columns, the model's "
                + width
                + "; embed the gallery with this model");
      }
    }
    return new Gallery(indexes, List.copyOf(names));
  }

  private static boolean hasReports(List<Path> files) {
    try {
      for (Path file : files) {
        Safetensors.mapRows(file, TENSORS.get(1));
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** What can be searched: volumes, and reports where the files have them. */
  public List<String> parts() {
    return List.copyOf(indexes.keySet());
  }

  /** Rows of the gallery. */
  public int size() {
    return indexes.get(TENSORS.get(0)).size();
  }

  /**
   * Finds the nearest.
   *
   * @param part one of {@link #parts}
   * @param query {@code [E]}
   * @param k at most
   */
  public List<Found> search(String part, float[] query, int k) {
    Neighbours found = indexes.get(part).search(new float[][] {query}, k);
    List<Found> out = new ArrayList<>();
    for (int i = 0; i < found.rows()[0].length; i++) {
      int row = found.rows()[0][i];
      String file = row < names.size() ? names.get(row) : "";
      out.add(new Found(row, file, found.similarities()[0][i]));
    }
    return out;
  }

  @Override
  public void close() {
    indexes.values().forEach(MappedIndex::close);
  }
}

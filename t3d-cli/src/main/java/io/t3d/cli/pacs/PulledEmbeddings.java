package io.t3d.cli.pacs;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.cli.option.ResultSoftware;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.FolderLock;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Series straight into vectors: files live in a temporary folder of their owner's alone while they
 * are embedded. What is done lies in a folder beside the output until all is, so that a second run
 * goes on.
 */
final class PulledEmbeddings implements AutoCloseable {
  private static final String MODEL = "model.txt";

  private final Path out;
  private final Path parts;
  private final String model;
  private final Path series;
  private final FolderLock lock;
  private boolean closed;

  private PulledEmbeddings(Path out, Path parts, String model, Path series, FolderLock lock) {
    this.out = out;
    this.parts = parts;
    this.model = model;
    this.series = series;
    this.lock = lock;
  }

  /**
   * Begins, or goes on.
   *
   * @throws T3dException when a run with another model has not ended
   */
  static PulledEmbeddings open(Path out, Path checkpoint) throws IOException {
    Path parts = out.toAbsolutePath().resolveSibling(out.getFileName() + ".parts");
    FolderLock lock = FolderLock.take(parts);
    try {
      String model = ResultSoftware.of("T3D", checkpoint).serial();
      Path note = parts.resolve(MODEL);
      if (Files.exists(note) && !Files.readString(note).equals(model)) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            parts
                + " is of an unfinished run with another model; remove it, or choose another --out");
      }
      return new PulledEmbeddings(out, parts, model, Files.createTempDirectory("t3d-pull"), lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** Fetches and embeds a series unless that is done. */
  void pull(DicomWebClient archive, RemoteSeries remote, TrainedModel trained) throws IOException {
    Path part = part(remote);
    if (Files.exists(part)) {
      return;
    }
    Path folder = series.resolve(remote.id());
    try {
      archive.retrieve(remote, folder);
      float[] vector = trained.embed(folder)[0];
      AtomicFiles.writeText(parts.resolve(MODEL), model);
      ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length);
      bytes.asFloatBuffer().put(vector);
      AtomicFiles.write(
          part,
          channel -> {
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          });
    } catch (VolumeFormatException e) {
      String why =
          String.valueOf(e.getMessage()).replace(folder + "/", "").replace(folder + ": ", "");
      throw new VolumeFormatException(Path.of(remote.toString()), why, e);
    } finally {
      AtomicFiles.deleteTree(folder);
    }
  }

  private Path part(RemoteSeries remote) {
    return parts.resolve(remote.id() + ".f32");
  }

  /** Writes all vectors in order, and removes what was kept to go on. */
  void write(List<RemoteSeries> all, TrainedModel trained) throws IOException {
    float[][] rows = new float[all.size()][];
    for (int i = 0; i < rows.length; i++) {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(part(all.get(i))));
      rows[i] = new float[bytes.remaining() / 4];
      bytes.asFloatBuffer().get(rows[i]);
    }
    try (NDManager manager = trained.model().manager().newSubManager()) {
      NDArray vectors = manager.create(rows); // (n, E)
      String names = Configs.toJson(all.stream().map(RemoteSeries::path).toList());
      Safetensors.write(out, Map.of("volumes", vectors), Map.of("files", names));
    }
    unlock();
    AtomicFiles.deleteTree(parts);
  }

  private void unlock() throws IOException {
    if (!closed) {
      closed = true;
      lock.close();
    }
  }

  @Override
  public void close() throws IOException {
    unlock();
    AtomicFiles.deleteTree(series);
  }
}

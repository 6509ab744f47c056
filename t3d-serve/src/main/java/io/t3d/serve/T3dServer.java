package io.t3d.serve;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.http.HttpServer;
import io.t3d.serve.internal.http.Metrics;
import io.t3d.serve.internal.input.VolumeReading;
import io.t3d.serve.internal.model.ModelParts;
import io.t3d.serve.internal.model.ModelService;
import io.t3d.serve.internal.work.Door;
import io.t3d.serve.internal.work.Worker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A trained model over HTTP.
 *
 * <pre>{@code
 * try (TrainedModel model = TrainedModel.open(run);
 *     T3dServer server = T3dServer.builder(model).checkpoint(run).start()) {
 *   System.out.println(server.address());   // POST volumes to it: docs/serve.md
 *   Thread.currentThread().join();
 * }
 * }</pre>
 *
 * <p>Requests that wait are encoded together; answers are those of the model's own methods within
 * the rounding of a batch, and equal in every bit with {@link ServeSettings#maxBatch()} 1. {@link
 * #close} lets nobody in any more, lets what runs finish, and leaves the model open.
 */
public final class T3dServer implements AutoCloseable {
  private final ServeSettings settings;
  private final ModelParts parts;
  private final Door door;
  private final Metrics metrics;
  private final Worker worker;
  private final VolumeReading reading;
  private final HttpServer http;
  private boolean stopped;
  private boolean clean;

  private T3dServer(Builder b, ModelParts parts) throws IOException {
    this.settings = b.settings;
    this.parts = parts;
    this.door = new Door(settings.queue());
    this.metrics = new Metrics();
    this.worker = new Worker(settings.maxWait(), metrics::batch);
    this.reading = new VolumeReading(settings.readers());
    ModelService service = new ModelService(parts, worker, reading, settings.maxBatch());
    metrics.gauge("t3d.requests.inside", "Requests in the house", door::inside);
    metrics.gauge("t3d.queue.waiting", "Requests that wait for the device", worker::waiting);
    try {
      this.http = new HttpServer(settings, service, door, metrics, b.checkpoint);
    } catch (IOException | RuntimeException e) {
      worker.close();
      metrics.close();
      throw e;
    }
  }

  /**
   * A service of a model.
   *
   * @param model stays the caller's, who closes it after the service
   */
  public static Builder builder(TrainedModel model) {
    return new Builder(model);
  }

  /** Collects what a service has. */
  public static final class Builder {
    private final TrainedModel model;
    private ServeSettings settings = ServeSettings.defaults();
    private Optional<Path> checkpoint = Optional.empty();
    private Optional<Path> segmenter = Optional.empty();
    private Optional<Path> decoder = Optional.empty();
    private List<Path> gallery = List.of();

    private Builder(TrainedModel model) {
      this.model = Objects.requireNonNull(model, "model");
    }

    /** How it listens and what it takes on; {@link ServeSettings#defaults()} when not called. */
    public Builder settings(ServeSettings value) {
      settings = Objects.requireNonNull(value, "settings");
      return this;
    }

    /** Where the model was opened: its provenance and licence note go into the model's card. */
    public Builder checkpoint(Path folder) {
      checkpoint = Optional.of(folder);
      return this;
    }

    /** The {@code --out} folder of {@code t3d segment train}, for {@code /v1/segment}. */
    public Builder segmenter(Path folder) {
      segmenter = Optional.of(folder);
      return this;
    }

    /** The {@code --out} folder of {@code t3d generate}, for {@code /v1/report}. */
    public Builder decoder(Path folder) {
      decoder = Optional.of(folder);
      return this;
    }

    /** Files of {@code t3d embed}, in order, for {@code /v1/retrieve}. */
    public Builder gallery(List<Path> files) {
      gallery = List.copyOf(files);
      return this;
    }

    /**
     * Starts to listen; returns at once.
     *
     * @throws IOException when a file cannot be read, or the port is taken
     * @throws io.t3d.core.T3dException when a decoder or a gallery is of another model
     */
    public T3dServer start() throws IOException {
      ModelParts parts = ModelParts.open(model, segmenter, decoder, gallery);
      try {
        return new T3dServer(this, parts);
      } catch (IOException | RuntimeException e) {
        parts.close();
        throw e;
      }
    }
  }

  /** Where it listens, e.g. {@code http://127.0.0.1:8080}. */
  public URI address() {
    String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
    return URI.create(
        (settings.tls().isPresent() ? "https://" : "http://") + host + ":" + http.port());
  }

  /**
   * Stops: refuses new requests with 503, waits for those that run, up to {@link
   * ServeSettings#stopWithin}, and closes all connections. A second call does nothing.
   *
   * @return whether all requests were answered, and nothing works with the model any more
   */
  public synchronized boolean stop() {
    if (!stopped) {
      stopped = true;
      Deadline end = Deadline.in(settings.stopWithin());
      clean = door.close(settings.stopWithin());
      http.close();
      clean &= reading.stop(Duration.ofNanos(Math.max(0, end.left())));
      clean &= worker.stop(Duration.ofNanos(Math.max(0, end.left())));
      if (clean) {
        parts.close();
      }
      metrics.close();
    }
    return clean;
  }

  /** {@link #stop}. */
  @Override
  public void close() {
    stop();
  }
}

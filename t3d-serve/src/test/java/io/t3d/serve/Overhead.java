package io.t3d.serve;

import ai.djl.Device;
import com.sun.management.OperatingSystemMXBean;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DModel;
import io.t3d.core.volume.View;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToDoubleFunction;

/**
 * What HTTP costs: embeds the same volumes by the library and by a service, in turns. Alone: one
 * request after the other, each beside the library's call, which takes turns in going first.
 * Loaded: eight clients at once, beside one call of the library with all volumes.
 */
public final class Overhead {
  private static final OperatingSystemMXBean OS =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private static final int CLIENTS = 8;
  private static final float ROUNDING = 1e-5f;

  private final TrainedModel model;
  private final Client client;
  private final List<Path> volumes;

  private Overhead(TrainedModel model, Client client, List<Path> volumes) {
    this.model = model;
    this.client = client;
    this.volumes = volumes;
  }

  /**
   * Arguments: a folder that keeps the phantoms, how many, rounds, requests of a loaded round, and
   * a config whose model gets random weights; without one the tests' tiny model.
   */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    int count = Integer.parseInt(args[1]);
    Path manifest = folder.resolve("manifest.csv");
    if (!Files.exists(manifest)) {
      PhantomDataset.write(folder, count, 1);
    }
    List<Path> volumes =
        Manifest.read(manifest).rows().stream().map(ManifestRow::volume).limit(count).toList();
    Optional<Path> config = args.length > 4 ? Optional.of(Path.of(args[4])) : Optional.empty();
    try (TrainedModel model = config.isPresent() ? random(config.get()) : Phantoms.model();
        T3dServer server =
            T3dServer.builder(model).settings(ServeSettings.builder().port(0).build()).start()) {
      Overhead overhead = new Overhead(model, new Client(server), volumes);
      System.out.printf(
          "%s, %d volumes of %d KiB in the mean%n",
          config.map(c -> c.getFileName().toString()).orElse("tiny"),
          volumes.size(),
          volumes.stream().mapToLong(v -> v.toFile().length()).sum() / volumes.size() / 1024);
      overhead.alone(Integer.parseInt(args[2]));
      overhead.loaded(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    }
  }

  private static TrainedModel random(Path config) throws Exception {
    PretrainConfig settings = Configs.load(config, PretrainConfig.class);
    return new TrainedModel(
        T3DModel.create(settings.model(), Device.cpu(), 42),
        settings.data(),
        Optional.of(settings.objective()),
        List.of());
  }

  private interface Work {
    void run() throws Exception;
  }

  /**
   * Milliseconds.
   *
   * @param wall by the clock
   * @param cpu of all threads of this process, the client's too: what other programs cannot change
   */
  private record Cost(double wall, double cpu) {}

  private static Cost cost(Work work) throws Exception {
    long since = System.nanoTime();
    long used = OS.getProcessCpuTime();
    work.run();
    return new Cost((System.nanoTime() - since) / 1e6, (OS.getProcessCpuTime() - used) / 1e6);
  }

  private static double median(List<Cost> costs, ToDoubleFunction<Cost> value) {
    List<Double> sorted = new ArrayList<>();
    costs.forEach(c -> sorted.add(value.applyAsDouble(c)));
    Collections.sort(sorted);
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }

  private void alone(int rounds) throws Exception {
    List<Cost> library = new ArrayList<>();
    List<Cost> service = new ArrayList<>();
    List<Cost> reading = new ArrayList<>();
    List<Cost> arriving = new ArrayList<>();
    for (int round = 0; round <= rounds; round++) {
      for (int i = 0; i < volumes.size(); i++) {
        Path volume = volumes.get(i);
        float[][] vectors = new float[2][];
        Work byLibrary = () -> vectors[0] = model.embed(volume)[0];
        Work byService =
            () ->
                vectors[1] =
                    client.volume("/v1/embed", Files.readAllBytes(volume)).floats("embedding");
        boolean first = (i + round) % 2 == 0;
        Cost one = cost(first ? byLibrary : byService);
        Cost other = cost(first ? byService : byLibrary);
        if (!Arrays.equals(vectors[0], vectors[1])) {
          throw new IllegalStateException("the vectors of " + volume + " differ");
        }
        View[] view = new View[1];
        Cost read = cost(() -> view[0] = model.view(volume));
        byte[] none = Files.readAllBytes(volume);
        none[0] = 0; // no volume: it goes no further than the upload's folder
        Cost upload = cost(() -> client.volume("/v1/embed", none).problem(415));
        if (round > 0) { // the first one warms up
          library.add(first ? one : other);
          service.add(first ? other : one);
          reading.add(read);
          arriving.add(upload);
        }
      }
    }
    System.out.printf(
        "alone, medians of %d, vectors equal in every bit:%n  clock %s%n  CPU   %s%n",
        library.size(),
        compared(library, service, Cost::wall),
        compared(library, service, Cost::cpu));
    System.out.printf(
        Locale.ROOT,
        "  reading a volume alone: %.1f ms; an upload that is no volume, and its answer: %.1f ms, CPU"
            + " %.1f ms%n",
        median(reading, Cost::wall),
        median(arriving, Cost::wall),
        median(arriving, Cost::cpu));
  }

  private void loaded(int rounds, int requests) throws Exception {
    List<Path> asked = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      asked.add(volumes.get(i % volumes.size()));
    }
    List<Cost> library = new ArrayList<>();
    List<Cost> service = new ArrayList<>();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      for (int round = 0; round <= rounds; round++) {
        float[][][] vectors = new float[2][requests][];
        Work byLibrary = () -> vectors[0] = model.embed(asked);
        Work byService = () -> embedAll(clients, asked, vectors[1]);
        boolean first = round % 2 == 0;
        Cost one = cost(first ? byLibrary : byService);
        Cost other = cost(first ? byService : byLibrary);
        for (int i = 0; i < requests; i++) {
          for (int e = 0; e < vectors[0][i].length; e++) {
            if (!(Math.abs(vectors[0][i][e] - vectors[1][i][e]) < ROUNDING)) {
              throw new IllegalStateException("the vectors of " + asked.get(i) + " differ");
            }
          }
        }
        if (round > 0) {
          library.add(first ? one : other);
          service.add(first ? other : one);
        }
      }
    } finally {
      clients.shutdown();
    }
    System.out.printf(
        Locale.ROOT,
        "loaded, %d requests of %d clients, medians of %d rounds, vectors equal within %.0e:%n  clock"
            + " %s%n  CPU   %s%n",
        requests,
        CLIENTS,
        rounds,
        ROUNDING,
        compared(library, service, Cost::wall),
        compared(library, service, Cost::cpu));
  }

  private static String compared(
      List<Cost> library, List<Cost> service, ToDoubleFunction<Cost> value) {
    double l = median(library, value);
    double s = median(service, value);
    return String.format(
        Locale.ROOT,
        "library %.1f ms, service %.1f ms, %+.1f ms, %+.1f %%",
        l,
        s,
        s - l,
        100 * (s / l - 1));
  }

  private void embedAll(ExecutorService clients, List<Path> asked, float[][] vectors)
      throws Exception {
    List<Future<float[]>> sent = new ArrayList<>();
    for (Path volume : asked) {
      sent.add(
          clients.submit(
              () -> client.volume("/v1/embed", Files.readAllBytes(volume)).floats("embedding")));
    }
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = sent.get(i).get();
    }
  }
}

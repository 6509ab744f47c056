package io.t3d.losses.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.file.Safetensors;
import io.t3d.losses.TestDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two processes with 8 pairs each train what one with 16 trains. */
class WorkersTest {
  /** Rounding grows fast through a ResNet's norms: one thread and two differ as much. */
  private static final List<String> SYNCED_NORMS = List.of("t3d@3", "siglip-norm-checkpoints@3");

  private static final List<String> METHODS =
      List.of(
          "t3d-vit",
          "clip-vit",
          "siglip-vit",
          "simclr-vit",
          "vicreg-vit",
          "swav-vit",
          "masked-vit",
          "prototypes-vit-average",
          "t3d-vit-micro-accumulation",
          "t3d-vit-bfloat16");

  @TempDir private static Path folder;

  @BeforeAll
  static void train() throws Exception {
    List<String> methods = new ArrayList<>(METHODS);
    methods.addAll(SYNCED_NORMS);
    List<String> one = List.copyOf(methods);
    methods.addAll(List.of("clip-own-norms@5", "clip-vit-stopped@8"));
    workers(2, folder.resolve("two"), methods);
    List<String> alone = new ArrayList<>(one);
    alone.add("clip-vit-stopped");
    workers(1, folder.resolve("one"), alone); // with as many threads as a worker has
  }

  private static void workers(int size, Path out, List<String> methods) throws Exception {
    String place;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      place = "127.0.0.1:" + socket.getLocalPort();
    }
    List<Process> processes = new ArrayList<>();
    Files.createDirectories(out);
    for (int r = 0; r < size; r++) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx1g", "-XX:TieredStopAtLevel=1", "-Dai.djl.offline=true", "-cp"));
      command.add(System.getProperty("java.class.path"));
      command.add(WorkerProgram.class.getName());
      command.addAll(List.of(out.toString(), Integer.toString(r), Integer.toString(size), place));
      command.addAll(methods);
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("OMP_NUM_THREADS", "1");
      builder.redirectErrorStream(true).redirectOutput(out.resolve("worker-" + r).toFile());
      processes.add(builder.start());
    }
    try {
      for (int r = 0; r < size; r++) {
        boolean ended = processes.get(r).waitFor(300, TimeUnit.SECONDS);
        String log = Files.readString(out.resolve("worker-" + r));
        assertThat(ended && processes.get(r).exitValue() == 0).as(log).isTrue();
      }
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "t3d-vit",
        "clip-vit",
        "siglip-vit",
        "simclr-vit",
        "vicreg-vit",
        "swav-vit",
        "masked-vit",
        "prototypes-vit-average",
        "t3d-vit-micro-accumulation"
      })
  void lossesAndWeightsAreThoseOfOneWorker(String method) throws IOException {
    List<Double> losses = column(folder.resolve("two"), method, "loss");
    List<Double> expected = column(folder.resolve("one"), method, "loss");
    assertThat(losses).hasSize(WorkerProgram.STEPS);
    assertAlike(losses, expected, 1e-4);
    assertAlike(weights("two", method), weights("one", method), 1e-4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"t3d", "siglip-norm-checkpoints"})
  void withSyncedBatchNormsTheyAreToo(String method) throws IOException {
    List<Double> losses = column(folder.resolve("two"), method, "loss");
    assertThat(losses).hasSize(3);
    // Losses are near 10: 1e-4 of that. Norms of a few like texts blow rounding up.
    assertAlike(losses, column(folder.resolve("one"), method, "loss"), 1e-3);
    assertAlike(weights("two", method), weights("one", method), 1e-4);
  }

  private static void assertAlike(List<Double> losses, List<Double> expected, double tolerance) {
    for (int i = 0; i < losses.size(); i++) {
      assertThat(losses.get(i)).as("step %s", i + 1).isEqualTo(expected.get(i), within(tolerance));
    }
    assertThat(losses.get(losses.size() - 1)).isNotEqualTo(losses.get(0));
  }

  @Test
  void bfloat16StaysNearThatOfOneWorker() throws IOException {
    List<Double> losses = column(folder.resolve("two"), "t3d-vit-bfloat16", "loss");
    List<Double> expected = column(folder.resolve("one"), "t3d-vit-bfloat16", "loss");
    for (int i = 0; i < losses.size(); i++) {
      assertThat(losses.get(i)).isEqualTo(expected.get(i), within(0.05));
    }
  }

  @Test
  void whereNormsSeeTheirOwnBatchTheLossFallsToo() throws IOException {
    List<Double> losses = column(folder.resolve("two"), "clip-own-norms", "loss");
    assertThat(losses).hasSize(5);
    assertThat(losses.get(4)).isLessThan(losses.get(0));
  }

  @Test
  void aFrozenEncoderStaysToTheBitWithThreeWorkersToo() throws Exception {
    String method = "clip-frozen-own-norms-thirds";
    workers(3, folder.resolve("three"), List.of(method + "@2"));
    workers(1, folder.resolve("three-alone"), List.of(method + "@2"));
    Map<String, float[]> alone = weights("three-alone", method);
    Map<String, float[]> three = weights("three", method);
    assertThat(three.keySet()).isEqualTo(alone.keySet()).anyMatch(n -> n.endsWith("running_var"));
    three.forEach(
        (name, values) -> {
          if (name.startsWith("vision.")) {
            assertThat(values).as(name).containsExactly(alone.get(name));
          }
        });
  }

  @Test
  void aRunOfTwoWorkersGoesOnWithOneOrFour() throws Exception {
    for (int size : new int[] {1, 4}) {
      Path out = folder.resolve("resumed-" + size);
      copy(folder.resolve("two").resolve("clip-vit-stopped"), out.resolve("clip-vit-stopped"));
      workers(size, out, List.of("clip-vit-stopped+"));
      assertThat(column(out, "clip-vit-stopped", "loss")).hasSize(WorkerProgram.STEPS);
      assertAlike(
          tensors(out.resolve("clip-vit-stopped")), weights("one", "clip-vit-stopped"), 1e-4);
    }
  }

  @Test
  void whatTravelsStandsInTheLogAndTheWorkersInTheProvenance() throws IOException {
    assertThat(column(folder.resolve("two"), "t3d-vit", "sentBytes")).allMatch(b -> b > 10_000);
    assertThat(column(folder.resolve("two"), "t3d-vit", "collectiveSeconds")).allMatch(s -> s > 0);
    assertThat(column(folder.resolve("one"), "t3d-vit", "sentBytes")).allMatch(b -> b == 0);
    Path two = folder.resolve("two").resolve("t3d-vit");
    assertThat(Files.readString(two.resolve("checkpoint/provenance.json")))
        .contains(", one of 2 workers");
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }

  private static List<Double> column(Path out, String method, String name) throws IOException {
    List<String> lines = Files.readAllLines(out.resolve(method).resolve("log.csv"));
    int column = List.of(lines.get(0).split(",", -1)).indexOf(name);
    assertThat(column).as(name).isNotNegative();
    return lines.stream().skip(1).map(l -> Double.parseDouble(l.split(",", -1)[column])).toList();
  }

  private static Map<String, float[]> weights(String out, String method) throws IOException {
    return tensors(folder.resolve(out).resolve(method));
  }

  /** The model, and what the objective has learned. */
  private static Map<String, float[]> tensors(Path run) throws IOException {
    Map<String, float[]> out = new LinkedHashMap<>();
    try (NDManager manager = TestDevice.manager()) {
      for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
        Map<String, NDArray> read =
            Safetensors.read(manager, run.resolve("checkpoint").resolve(file)).tensors();
        read.forEach(
            (name, array) -> {
              if (!name.startsWith("mean.") && !name.startsWith("square.")) {
                out.put(name, array.toFloatArray());
              }
            });
      }
    }
    return out;
  }

  private static void assertAlike(
      Map<String, float[]> actual, Map<String, float[]> expected, double tolerance) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (name, values) -> {
          for (int i = 0; i < values.length; i++) {
            assertThat((double) actual.get(name)[i])
                .as("%s[%s]", name, i)
                .isEqualTo(values[i], within(tolerance * Math.max(1, Math.abs(values[i]))));
          }
        });
  }
}

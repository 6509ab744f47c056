package io.t3d.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.cli.T3dCommand;
import io.t3d.core.T3dException;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The launcher runs in this JVM, its workers in their own. */
@Timeout(300)
class LaunchTest {
  private static final int STEPS = 16;

  @TempDir private Path dir;

  private record Run(int code, String out, String err) {
    static Run of(List<String> words) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      int code =
          T3dCommand.run(new PrintWriter(out), new PrintWriter(err), words.toArray(String[]::new));
      return new Run(code, out.toString(), err.toString());
    }
  }

  private Path manifest(String name, int seed) throws IOException {
    return PhantomDataset.write(dir.resolve(name), 4, seed);
  }

  private Path config(String name, double learningRate) throws IOException {
    return Files.writeString(
        dir.resolve(name),
        """
        preset: tiny
        data:
          batchSize: 2
          threads: 1
          cacheMegabytes: 64
        training:
          epochs: %d
          learningRate: %s
          checkpointEverySteps: 1
          syncBatchNorm: true
        """
            .formatted(STEPS, learningRate));
  }

  private static List<String> words(Object... parts) {
    List<String> words = new ArrayList<>();
    for (Object part : parts) {
      words.addAll(part instanceof String text ? List.of(text.split(" ", -1)) : List.of(part + ""));
    }
    return words;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void aWorkerThatIsKilledEndsTheOthersAndTheRunGoesOnWithOneWorker() throws Exception {
    Path manifest = manifest("ct", 5);
    Path config = config("c.yaml", 5e-4);
    Path out = dir.resolve("out");
    CompletableFuture<Run> launched =
        CompletableFuture.supplyAsync(
            () ->
                Run.of(
                    words(
                        "launch --workers 2 pretrain --config",
                        config,
                        "--manifest",
                        manifest,
                        "--out",
                        out)));
    awaitRows(out.resolve("log.csv"), 2, launched);
    worker(1).destroyForcibly();
    long killed = System.nanoTime();
    Run run = launched.get(60, TimeUnit.SECONDS);
    assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(30));
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .matches(
            "error: worker 1 \\(process \\d+\\) was ended by signal 9 \\(a system that is out of memory"
                + " sends it: lower data\\.batchSize or set training\\.microBatch\\), so the others were"
                + " stopped\\. Start all again with --resume, which goes on from the last checkpoint");
    assertThat(Files.readAllLines(out.resolve("log.csv")).size() - 1).isLessThan(STEPS);

    Run resumed =
        Run.of(words("pretrain --resume --config", config, "--manifest", manifest, "--out", out));
    assertThat(resumed.err()).doesNotContain("error: ");
    assertThat(resumed.code()).isZero();
    assertThat(resumed.out()).startsWith(STEPS + " steps, loss ");
    assertThat(Files.readAllLines(out.resolve("log.csv"))).hasSize(1 + STEPS);
  }

  private static void awaitRows(Path log, int rows, CompletableFuture<Run> run) throws Exception {
    long end = System.nanoTime() + 150_000_000_000L;
    while (!Files.exists(log) || Files.readAllLines(log).size() <= rows) {
      assertThat(run.isDone()).as(() -> run.join().toString()).isFalse();
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(50);
    }
  }

  /** The worker process of a rank, by its environment. */
  private static ProcessHandle worker(int rank) {
    Optional<ProcessHandle> found =
        ProcessHandle.current()
            .children()
            .filter(child -> environment(child).contains("\0T3D_RANK=" + rank + "\0"))
            .findFirst();
    return found.orElseThrow();
  }

  private static String environment(ProcessHandle process) {
    try {
      return "\0" + Files.readString(Path.of("/proc/" + process.pid() + "/environ"));
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void machinesWithOtherSettingsOrDataAreRefusedAtTheStart() throws Exception {
    Path secret = Files.writeString(dir.resolve("secret"), "0123456789abcdef0123");
    String place = "127.0.0.1:" + freePort();
    Path manifest = manifest("ct", 5);
    CompletableFuture<Run> zero =
        CompletableFuture.supplyAsync(
            () -> node(0, place, secret, configOf(5e-4), manifest, "127.0.0.1"));
    CompletableFuture<Run> one =
        CompletableFuture.supplyAsync(
            () -> node(1, place, secret, configOf(1e-3), manifest, "127.0.0.2"));
    for (CompletableFuture<Run> each : List.of(zero, one)) {
      Run run = each.get(200, TimeUnit.SECONDS);
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.err())
          .contains(
              "error: All workers must train the same, but worker 1 differs from worker 0 in"
                  + " training.learningRate (0.001, worker 0 has 5.0E-4); start all with the same"
                  + " program, --config, --manifest and files");
    }
    assertThat(dir.resolve("out-0").resolve("checkpoint")).doesNotExist();
    assertThat(dir.resolve("out-1")).doesNotExist();
  }

  private Path configOf(double learningRate) {
    try {
      return config("c" + learningRate + ".yaml", learningRate);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Run node(
      int rank, String place, Path secret, Path config, Path manifest, String networkInterface) {
    return Run.of(
        words(
            "launch --workers 1 --nodes 2 --node-rank " + rank + " --rendezvous " + place,
            "--interface " + networkInterface + " --secret-file",
            secret,
            "pretrain --config",
            config,
            "--manifest",
            manifest,
            "--out",
            dir.resolve("out-" + rank)));
  }

  @Test
  void whatCannotWorkIsSaidBeforeAProcessIsStarted() throws IOException {
    assertThat(error("launch --workers 2 evaluate"))
        .contains("launch starts pretrain, got 'evaluate'");
    assertThat(error("launch --workers 0 pretrain"))
        .contains("--workers and --nodes must be at least 1");
    assertThat(error("launch --workers 1 --timeout 0 pretrain"))
        .contains("--timeout must be at least 1 second, got 0");
    assertThat(error("launch --workers 1 --nodes 2 pretrain")).contains("--rendezvous HOST:PORT");
    assertThat(error("launch --workers 1 --nodes 2 --rendezvous host:1 pretrain"))
        .contains("the same --secret-file on each");
    assertThat(error("launch --workers 1 --rendezvous host pretrain"))
        .contains("needs HOST:PORT or file:PATH, got 'host'");
    Path shortSecret = Files.writeString(dir.resolve("s"), "abc");
    assertThat(error("launch --workers 1 --backend mpi pretrain"))
        .contains("a backend, gloo or nccl, got 'mpi'");
    assertThat(error("launch --workers 2 --backend nccl pretrain"))
        .contains("NCCL is not in the CUDA natives of Maven Central")
        .contains("--backend gloo");
    assertThat(error("launch --workers 1 --secret-file " + shortSecret + " pretrain"))
        .contains("must hold a secret of at least 16 letters");
  }

  private static String error(String line) {
    Run run = Run.of(words(line));
    assertThat(run.code()).isNotZero();
    return run.err();
  }

  @Test
  void coresAreDividedAmongTheWorkers() {
    assertThat(WorkerProcess.threads(null, 8, 2)).isEqualTo(4);
    assertThat(WorkerProcess.threads("6", 8, 2)).isEqualTo(3);
    assertThat(WorkerProcess.threads("1", 8, 4)).isEqualTo(1);
  }

  @Test
  void optionsOfWhichEachProcessNeedsItsOwnAreNotPassedOn() {
    assertThat(
            WorkerProcess.passedOn(
                List.of(
                    "-Xmx2g",
                    "-agentlib:jdwp=transport=dt_socket,server=y,address=5005",
                    "-Xrunjdwp:server=y",
                    "-Dcom.sun.management.jmxremote.port=9010",
                    "-Dcom.sun.management.jmxremote",
                    "-Xlog:gc:file=gc.log",
                    "-XX:StartFlightRecording=filename=a.jfr",
                    "-Dio.t3d.x=1")))
        .containsExactly("-Xmx2g", "-Dio.t3d.x=1");
  }

  @Test
  void workersOnGpusAreRefusedInOneLineThatNamesNccl() throws IOException {
    Path out = dir.resolve("out-gpu");
    String said =
        error(
            "launch --workers 2 pretrain --device gpu --config "
                + config("c.yaml", 5e-4)
                + " --manifest "
                + manifest("ct", 5)
                + " --out "
                + out);
    assertThat(said)
        .isEqualTo(
            "error: Several workers on GPUs need NCCL: NCCL is not in the CUDA natives of Maven"
                + " Central. Train on one GPU (training.microBatch holds more pairs), give --device"
                + " cpu, or let gradients pass through the machine's memory, slower: launch"
                + " --backend gloo, or T3D_BACKEND=gloo\n");
    assertThat(out).doesNotExist();
    assertThat(LaunchedWorker.asksForGpu("auto", 2)).isTrue();
    assertThat(LaunchedWorker.asksForGpu("auto", 0)).isFalse();
    assertThat(LaunchedWorker.asksForGpu("gpu1", 0)).isTrue();
    assertThat(LaunchedWorker.asksForGpu("cpu", 2)).isFalse();
  }

  @Test
  void aWorkerHasTheGpuOfItsNumberAndMoreWorkersThanGpusAreRefused() {
    assertThat(LaunchedWorker.ofWorker("1", "auto", 2)).contains("gpu1");
    assertThat(LaunchedWorker.ofWorker("1", "auto", 0)).isEmpty();
    assertThat(LaunchedWorker.ofWorker("1", "cpu", 1)).isEmpty();
    assertThatThrownBy(() -> LaunchedWorker.ofWorker("2", "gpu", 2))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "Worker 2 of this machine needs a GPU of its own, but there are 2; start --workers 2,"
                + " or give --device cpu");
  }

  @Test
  void whenTheLauncherIsKilledOrStoppedItsWorkersEndToo() throws Exception {
    Path manifest = manifest("ct", 5);
    Path config = config("c.yaml", 5e-4);
    for (boolean kill : List.of(true, false)) {
      Path out = dir.resolve("out-" + kill);
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.addAll(
          ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
              .filter(option -> option.startsWith("-D") || option.startsWith("-Xmx"))
              .toList());
      command.add(T3dCommand.class.getName());
      command.addAll(
          words(
              "launch --workers 2 pretrain --config",
              config,
              "--manifest",
              manifest,
              "--out",
              out));
      Process launcher = new ProcessBuilder(command).inheritIO().redirectErrorStream(true).start();
      List<ProcessHandle> workers = new ArrayList<>();
      try {
        awaitRows(out.resolve("log.csv"), 1, launcher.toHandle());
        workers.addAll(launcher.children().toList());
        assertThat(workers).hasSize(2);
        if (kill) {
          launcher.destroyForcibly();
        } else {
          launcher.destroy();
        }
        assertThat(launcher.waitFor(20, TimeUnit.SECONDS)).isTrue();
        for (ProcessHandle worker : workers) {
          worker.onExit().get(10, TimeUnit.SECONDS); // else it trains on, and holds its folder
        }
      } finally {
        workers.forEach(ProcessHandle::destroyForcibly);
        launcher.destroyForcibly();
      }
    }
  }

  private static void awaitRows(Path log, int rows, ProcessHandle run) throws Exception {
    long end = System.nanoTime() + 150_000_000_000L;
    while (!Files.exists(log) || Files.readAllLines(log).size() <= rows) {
      assertThat(run.isAlive()).isTrue();
      assertThat(System.nanoTime()).isLessThan(end);
      Thread.sleep(50);
    }
  }
}

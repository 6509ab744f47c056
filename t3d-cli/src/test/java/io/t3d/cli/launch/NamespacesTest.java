package io.t3d.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.T3dCommand;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two network namespaces with a cable between them: to their processes, two machines. Needs root
 * and Debian's iproute2; {@code .ci/namespaces} runs it.
 */
@Tag("namespaces")
@Timeout(400)
class NamespacesTest {
  private static final String ID = Long.toString(ProcessHandle.current().pid() % 100_000);
  private static final List<String> NAMES = List.of("t3d-a-" + ID, "t3d-b-" + ID);
  private static final List<String> CARDS = List.of("ta" + ID, "tb" + ID);

  @TempDir private Path dir;

  private static void ip(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + said).isZero();
  }

  @BeforeEach
  void layCable() throws Exception {
    for (String name : NAMES) {
      ip("netns", "add", name);
    }
    ip("link", "add", CARDS.get(0), "type", "veth", "peer", "name", CARDS.get(1));
    for (int i = 0; i < 2; i++) {
      ip("link", "set", CARDS.get(i), "netns", NAMES.get(i));
      ip("-n", NAMES.get(i), "addr", "add", "10.77.0." + (i + 1) + "/24", "dev", CARDS.get(i));
      ip("-n", NAMES.get(i), "link", "set", CARDS.get(i), "up");
      ip("-n", NAMES.get(i), "link", "set", "lo", "up");
    }
  }

  @AfterEach
  void removeNamespaces() throws Exception {
    for (String name : NAMES) {
      ip("netns", "del", name);
    }
  }

  private Process node(int rank, Path manifest, int epochs, List<String> more) throws IOException {
    Path config =
        Files.writeString(
            dir.resolve("c" + rank + ".yaml"),
            """
            preset: tiny
            data:
              batchSize: 2
              threads: 1
              cacheMegabytes: 64
            training:
              epochs: %d
              checkpointEverySteps: 1
            """
                .formatted(epochs));
    Path secret = Files.writeString(dir.resolve("secret"), "0123456789abcdef");
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", NAMES.get(rank)));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(option -> option.startsWith("-D") || option.startsWith("-Xmx"))
            .toList());
    command.add(T3dCommand.class.getName());
    command.addAll(
        List.of(
            "launch",
            "--workers",
            "1",
            "--nodes",
            "2",
            "--node-rank",
            Integer.toString(rank),
            "--rendezvous",
            "10.77.0.1:29500",
            "--secret-file",
            secret.toString()));
    command.addAll(more);
    command.addAll(
        List.of(
            "pretrain",
            "--config",
            config.toString(),
            "--manifest",
            manifest.toString(),
            "--out",
            dir.resolve("out").toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OMP_NUM_THREADS", "1");
    return builder.redirectOutput(log(rank).toFile()).start();
  }

  private Path log(int rank) {
    return dir.resolve("log-" + rank + ".txt");
  }

  private static void end(List<Process> nodes) throws InterruptedException {
    for (Process node : nodes) {
      node.descendants().forEach(ProcessHandle::destroyForcibly);
      node.destroyForcibly().waitFor();
    }
  }

  @Test
  void twoMachinesTrainTogether() throws Exception {
    Path manifest = PhantomDataset.write(dir.resolve("set"), 4, 5);
    List<Process> nodes =
        List.of(
            node(0, manifest, 2, List.of()),
            node(1, manifest, 2, List.of("--interface", CARDS.get(1))));
    try {
      for (int i = 0; i < 2; i++) {
        assertThat(nodes.get(i).waitFor(200, TimeUnit.SECONDS)).isTrue();
        assertThat(nodes.get(i).exitValue()).as(Files.readString(log(i))).isZero();
      }
      assertThat(Files.readString(log(0))).contains("2 workers: each sent ");
    } finally {
      end(nodes);
    }
  }

  @Test
  void whenTheCableIsCutBothSayThatTheOtherCannotBeReached() throws Exception {
    Path manifest = PhantomDataset.write(dir.resolve("set"), 4, 5);
    List<Process> nodes =
        List.of(node(0, manifest, 5000, List.of()), node(1, manifest, 5000, List.of()));
    try {
      Path rows = dir.resolve("out").resolve("log.csv");
      long end = System.nanoTime() + Duration.ofSeconds(150).toNanos();
      while (!Files.exists(rows) || Files.readAllLines(rows).size() < 3) {
        assertThat(nodes.get(0).isAlive()).as(() -> said(0)).isTrue();
        assertThat(System.nanoTime()).isLessThan(end);
        Thread.sleep(50);
      }
      ip("-n", NAMES.get(0), "link", "set", CARDS.get(0), "down");
      long cut = System.nanoTime();
      for (int i = 0; i < 2; i++) {
        assertThat(nodes.get(i).waitFor(90, TimeUnit.SECONDS)).as(said(i)).isTrue();
        assertThat(nodes.get(i).exitValue()).isEqualTo(1);
        assertThat(said(i))
            .contains("Training by several workers stops: worker " + (1 - i))
            .contains("Start all of them again with --resume");
      }
      assertThat(Duration.ofNanos(System.nanoTime() - cut)).isLessThan(Duration.ofSeconds(60));
    } finally {
      end(nodes);
    }
  }

  private String said(int rank) {
    try {
      return Files.readString(log(rank));
    } catch (IOException e) {
      return e.toString();
    }
  }
}

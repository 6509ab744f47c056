package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many clients at once, some with broken volumes. */
class LoadTest {
  private static final int CLIENTS = 8;
  private static final int REQUESTS = 200;

  /** Resident memory may grow by this while another 100 requests are served, in KiB. */
  private static final long MOST_GROWTH = 96L << 10;

  @TempDir Path dir;
  private final TrainedModel model = Phantoms.model();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final PrintStream console = System.err;

  @BeforeEach
  void listen() {
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void close() {
    System.setErr(console);
    model.close();
  }

  /** A request: its endpoint and how its answer is checked. */
  private record Sent(int number, Client.Reply reply) {}

  @Test
  void eightClientsGetTheLibrarysAnswersAndTheirOwnProblems() throws Exception {
    List<Path> volumes = Phantoms.write(dir.resolve("ct"), 6);
    List<byte[]> bytes = new ArrayList<>();
    float[][] vectors = new float[volumes.size()][];
    List<Map<String, Double>> findings = new ArrayList<>();
    for (int i = 0; i < volumes.size(); i++) {
      bytes.add(Files.readAllBytes(volumes.get(i)));
      vectors[i] = model.embed(volumes.get(i))[0];
      findings.add(model.zeroShot(volumes.get(i), model.prompts()));
    }
    String secret = "Mustermann shows a large effusion.";
    float[] text = model.embedReports(secret)[0];
    Path temporary = Files.createDirectory(dir.resolve("temporary"));
    ServeSettings settings =
        ServeSettings.builder().port(0).queue(64).temporary(temporary).readers(2).build();
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    long[] arrays = new long[2];
    long[] resident = new long[2];
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      Client client = new Client(server);
      for (int half = 0; half < 2; half++) {
        List<Future<Sent>> sent = new ArrayList<>();
        int first = half * REQUESTS / 2;
        IntStream.range(first, first + REQUESTS / 2)
            .forEach(i -> sent.add(clients.submit(() -> send(client, i, bytes, secret))));
        for (Future<Sent> one : sent) {
          check(one.get(), vectors, findings, text);
        }
        arrays[half] = model.model().manager().getManagedArrays().size();
        resident[half] = residentKib();
      }
      assertThat(client.get("/metrics").text())
          .containsPattern("t3d_batch_size_bucket\\{le=\"1.0\"\\} \\d+");
    } finally {
      clients.shutdown();
    }
    assertThat(arrays[1]).as("arrays of the model's manager").isEqualTo(arrays[0]);
    assertThat(resident[1] - resident[0]).as("KiB of growth").isLessThan(MOST_GROWTH);
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
    String logged = log.toString(StandardCharsets.UTF_8);
    assertThat(logged.lines().filter(l -> l.contains(" POST /v1/"))).hasSize(REQUESTS);
    assertThat(logged)
        .doesNotContain("Mustermann")
        .doesNotContain("effusion")
        .doesNotContain("Erika")
        .doesNotContain(dir.toString());
  }

  /** Of ten requests two are broken. */
  private static Sent send(Client client, int i, List<byte[]> bytes, String secret)
      throws IOException, InterruptedException {
    byte[] volume = bytes.get(i % bytes.size());
    Client.Reply reply =
        switch (i % 10) {
          case 0 -> client.volume("/v1/embed", Arrays.copyOf(volume, volume.length / 2));
          case 1 -> client.form("/v1/zero-shot", volume, "");
          case 2 -> client.json("/v1/text-embed", "{\"texts\": [\"" + secret + "\"]}");
          case 3 -> client.volume("/v1/embed?patient=Mustermann", volume);
          default -> client.volume("/v1/embed", volume);
        };
    return new Sent(i, reply);
  }

  private static void check(
      Sent sent, float[][] vectors, List<Map<String, Double>> findings, float[] text) {
    int volume = sent.number() % vectors.length;
    switch (sent.number() % 10) {
      case 0 -> sent.reply().problem(422);
      case 1 -> {
        assertThat(sent.reply().status()).as(sent.reply().text()).isEqualTo(200);
        findings
            .get(volume)
            .forEach(
                (finding, p) ->
                    assertThat(sent.reply().json().get("probabilities").get(finding).asDouble())
                        .isCloseTo(p, within(1e-4)));
      }
      case 2 -> {
        assertThat(sent.reply().status()).as(sent.reply().text()).isEqualTo(200);
        for (int e = 0; e < text.length; e++) {
          assertThat(sent.reply().json().get("embeddings").get(0).get(e).floatValue())
              .isCloseTo(text[e], within(1e-5f));
        }
      }
      case 3 -> assertThat(sent.reply().problem(400)).contains("patient");
      default -> {
        assertThat(sent.reply().status()).as(sent.reply().text()).isEqualTo(200);
        assertThat(sent.reply().floats("embedding"))
            .containsExactly(vectors[volume], within(1e-5f));
      }
    }
  }

  /** VmRSS of this process; 0 where the system does not tell. */
  private static long residentKib() throws IOException {
    System.gc();
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(l -> l.startsWith("VmRSS:"))
          .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
          .findFirst()
          .orElse(0);
    }
  }

  @Test
  void aFullHouseSays429AndAStopFinishesWhatRuns() throws Exception {
    byte[] volume = Files.readAllBytes(Phantoms.write(dir.resolve("ct"), 1).get(0));
    ServeSettings settings =
        ServeSettings.builder().port(0).queue(2).readers(1).maxBatch(1).build();
    T3dServer server = T3dServer.builder(model).settings(settings).start();
    Client client = new Client(server);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Future<Client.Reply>> sent = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        sent.add(clients.submit(() -> client.volume("/v1/embed", volume)));
      }
      int served = 0;
      int refused = 0;
      for (Future<Client.Reply> one : sent) {
        Client.Reply reply = one.get();
        if (reply.status() == 200) {
          served++;
        } else {
          assertThat(reply.problem(429)).contains("queue is full");
          assertThat(reply.response().headers().firstValue("Retry-After")).isPresent();
          refused++;
        }
      }
      assertThat(served).isPositive();
      assertThat(refused).isPositive();

      Future<Client.Reply> last = clients.submit(() -> client.volume("/v1/embed", volume));
      while (!last.isDone() && !client.get("/metrics").text().contains("t3d_requests_inside 1.0")) {
        Thread.sleep(1);
      }
      assertThat(server.stop()).isTrue();
      assertThat(last.get().status()).isEqualTo(200);
    } finally {
      clients.shutdown();
      server.close();
    }
  }

  @Test
  void aRequestThatTakesTooLongIsToldSo() throws Exception {
    byte[] volume = Files.readAllBytes(Phantoms.write(dir.resolve("ct"), 1).get(0));
    Path temporary = Files.createDirectory(dir.resolve("temporary"));
    ServeSettings settings =
        ServeSettings.builder()
            .port(0)
            .temporary(temporary)
            .timeout(Duration.ofNanos(200_000))
            .build();
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      Client.Reply reply = new Client(server).volume("/v1/embed", volume);
      assertThat(reply.status()).isIn(408, 503, 504);
      assertThat(reply.problem(reply.status())).contains("within 0.0");
    }
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
  }
}

package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers are the library's, errors are problems, and nothing stays on disk. */
class T3dServerTest {
  @TempDir static Path dir;
  private static TrainedModel model;
  private static List<Path> volumes;
  private static T3dServer server;
  private static Client client;
  private static Path temporary;

  @BeforeAll
  static void start() throws IOException {
    temporary = Files.createDirectory(dir.resolve("temporary"));
    model = Phantoms.model();
    volumes = Phantoms.write(dir.resolve("ct"), 4);
    server =
        T3dServer.builder(model)
            .settings(
                ServeSettings.builder()
                    .port(0)
                    .root(dir.resolve("ct"))
                    .temporary(temporary)
                    .build())
            .start();
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    assertThat(server.stop()).isTrue();
    model.close();
  }

  @AfterEach
  void nothingIsLeftOnDisk() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
  }

  private static byte[] bytes(int i) throws IOException {
    return Files.readAllBytes(volumes.get(i));
  }

  private static String below(Path volume) throws IOException {
    return dir.resolve("ct").toRealPath().relativize(volume.toRealPath()).toString();
  }

  @Test
  void aVolumeIsEmbeddedWhicheverWayItComes() throws Exception {
    float[] expected = model.embed(volumes.get(0))[0];
    String path = "{\"path\": \"" + below(volumes.get(0)) + "\"}";
    for (Client.Reply reply :
        List.of(
            client.volume("/v1/embed", bytes(0)),
            client.form("/v1/embed", bytes(0), ""),
            client.json("/v1/embed", path))) {
      assertThat(reply.status()).as(reply.text()).isEqualTo(200);
      assertThat(reply.type()).isEqualTo("application/json");
      assertThat(reply.floats("embedding")).containsExactly(expected);
    }
  }

  @Test
  void plainNiftiIsTakenToo() throws Exception {
    byte[] plain;
    try (var in = new java.util.zip.GZIPInputStream(Files.newInputStream(volumes.get(1)))) {
      plain = in.readAllBytes();
    }
    assertThat(client.volume("/v1/embed", plain).floats("embedding"))
        .containsExactly(model.embed(volumes.get(1))[0]);
  }

  @Test
  void findingsAreThoseOfTheLibrary() throws Exception {
    Map<String, Double> own = model.zeroShot(volumes.get(0), model.prompts());
    JsonNode usual = client.volume("/v1/zero-shot", bytes(0)).json().get("probabilities");
    assertThat(usual.fieldNames()).toIterable().containsExactlyElementsOf(own.keySet());
    own.forEach((finding, p) -> assertThat(usual.get(finding).asDouble()).isEqualTo(p));

    FindingPrompts asked = FindingPrompts.of("pleural effusion");
    double one = model.zeroShot(volumes.get(0), List.of(asked)).get("pleural effusion");
    for (Client.Reply reply :
        List.of(
            client.volume("/v1/zero-shot?findings=pleural%20effusion", bytes(0)),
            client.form("/v1/zero-shot", bytes(0), "{\"findings\": [\"pleural effusion\"]}"),
            client.json(
                "/v1/zero-shot",
                "{\"path\": \""
                    + below(volumes.get(0))
                    + "\", \"prompts\": [{\"finding\": \"pleural effusion\", \"positive\": [\""
                    + String.join("\", \"", asked.positive())
                    + "\"], \"negative\": [\""
                    + String.join("\", \"", asked.negative())
                    + "\"]}]}"))) {
      assertThat(reply.status()).as(reply.text()).isEqualTo(200);
      assertThat(reply.json().get("probabilities").get("pleural effusion").asDouble())
          .isEqualTo(one);
    }
  }

  @Test
  void textsAreEmbedded() throws Exception {
    float[][] expected = model.embedReports("Large effusion.", "No nodule.");
    JsonNode found =
        client
            .json("/v1/text-embed", "{\"texts\": [\"Large effusion.\", \"No nodule.\"]}")
            .json()
            .get("embeddings");
    for (int i = 0; i < 2; i++) {
      for (int e = 0; e < expected[i].length; e++) {
        assertThat(found.get(i).get(e).floatValue()).isEqualTo(expected[i][e]);
      }
    }
  }

  @Test
  void aDamagedVolumeIsAProblemInTheLibrarysWords() throws Exception {
    byte[] cut = Arrays.copyOf(bytes(0), bytes(0).length / 2);
    Path file = Files.write(dir.resolve("volume.nii.gz"), cut);
    String library = catchThrowable(() -> model.embed(file)).getMessage();
    String words = client.volume("/v1/embed", cut).problem(422);
    assertThat(words).isEqualTo(library.replace(dir + "/", "")).doesNotContain(dir.toString());
  }

  @Test
  void whatIsNoVolumeIsRefused() throws Exception {
    assertThat(client.volume("/v1/embed", new byte[] {1, 2, 3, 4, 5}).problem(415))
        .contains("NIfTI");
    assertThat(client.volume("/v1/embed", new byte[0]).problem(415)).contains("no volume");
    assertThat(client.json("/v1/embed", "{}").problem(400)).contains("no volume");
    assertThat(client.json("/v1/embed", "{\"pth\": \"a\"}").problem(400)).contains("path");
    assertThat(client.json("/v1/embed", "{").problem(400)).contains("request");
    assertThat(client.form("/v1/embed", bytes(0), "{\"path\": \"x\"}").problem(400))
        .contains("exclude");
    assertThat(client.volume("/v1/embed?path=x", bytes(0)).problem(400)).contains("exclude");
    assertThat(client.volume("/v1/text-embed", bytes(0)).problem(415)).contains("json");
    assertThat(client.json("/v1/text-embed", "{\"texts\": [\" \"]}").problem(400))
        .contains("texts[0]");
    assertThat(client.json("/v1/text-embed", "{\"texts\": []}").problem(400)).contains("texts");
    assertThat(client.volume("/v1/retrieve?k=no", bytes(0)).problem(400)).contains("k must be");
  }

  @Test
  void pathsLeadNowhereOutsideTheRoot() throws Exception {
    Path outside = Files.copy(volumes.get(0), dir.resolve("outside.nii.gz"));
    Files.createSymbolicLink(dir.resolve("ct/link.nii.gz"), outside);
    Path folder = Files.createDirectory(dir.resolve("ct/slices"));
    Files.createSymbolicLink(folder.resolve("slice.dcm"), outside);
    Files.createSymbolicLink(dir.resolve("ct/up"), dir);
    for (String path :
        List.of(
            "../outside.nii.gz",
            outside.toString(),
            "link.nii.gz",
            "slices",
            "up/outside.nii.gz",
            "/etc/passwd")) {
      assertThat(client.json("/v1/embed", "{\"path\": \"" + path + "\"}").problem(403))
          .contains("out of the service's root")
          .doesNotContain(dir.toString());
    }
    assertThat(client.json("/v1/embed", "{\"path\": \"none.nii\"}").problem(404))
        .contains("none.nii");
    assertThat(client.json("/v1/embed", "{\"path\": \"a\\u0000b\"}").problem(400))
        .contains("not a path");
  }

  @Test
  void whatTheServiceLacksIsNotImplemented() throws Exception {
    assertThat(client.volume("/v1/segment", bytes(0)).problem(501)).contains("--segmenter");
    assertThat(client.volume("/v1/report", bytes(0)).problem(501)).contains("--decoder");
    assertThat(client.volume("/v1/retrieve", bytes(0)).problem(501)).contains("--gallery");
  }

  @Test
  void anUnknownPlaceAndAWrongMethodAreProblems() throws Exception {
    client.get("/v2/embed").problem(404);
    client.get("/v1/embed").problem(405);
  }

  @Test
  void theModelsCardSaysHowVolumesArePrepared() throws Exception {
    JsonNode card = client.get("/v1/model").json();
    assertThat(card.get("embedDim").asInt()).isEqualTo(128);
    assertThat(card.get("prompts")).hasSameSizeAs(model.prompts());
    assertThat(card.at("/preparation/orientation").asText())
        .isEqualTo(model.data().preprocessing().orientation().orElseThrow().toString());
    assertThat(card.get("endpoints")).hasSize(3);
    assertThat(card.get("published").isNull()).isTrue();
  }

  @Test
  void prometheusReadsTheCounters() throws Exception {
    client.volume("/v1/embed", bytes(0));
    Client.Reply reply = client.get("/metrics");
    assertThat(reply.type()).startsWith("text/plain; version=0.0.4");
    List<String> counters =
        List.of(
            "t3d_requests_seconds_count{route=\"/v1/embed\",status=\"200\"}",
            "t3d_batch_size_count",
            "t3d_requests_inside 0.0");
    // A request is counted after its answer is sent.
    for (int i = 0; i < 100 && !counters.stream().allMatch(reply.text()::contains); i++) {
      Thread.sleep(50);
      reply = client.get("/metrics");
    }
    assertThat(reply.text()).contains(counters);
  }

  @Test
  void onlyThisMachineNeedsNoToken() {
    assertThatThrownBy(() -> ServeSettings.builder().host("0.0.0.0").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs a token");
    assertThatThrownBy(() -> ServeSettings.builder().token("short").build())
        .hasMessageContaining("16 characters, got 5");
    assertThat(ServeSettings.builder().host("0.0.0.0").token("0123456789abcdef").build())
        .hasToString("ServeSettings[0.0.0.0:8080, with a token]");
  }

  @Test
  void aTakenPortIsAnErrorThatNamesIt() {
    ServeSettings same = ServeSettings.builder().port(server.address().getPort()).build();
    assertThatThrownBy(() -> T3dServer.builder(model).settings(same).start())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on 127.0.0.1:" + same.port());
  }

  @Test
  void similarAnswersInBatches() throws Exception {
    List<Thread> threads = new java.util.ArrayList<>();
    float[][] found = new float[volumes.size()][];
    for (int i = 0; i < found.length; i++) {
      int at = i;
      threads.add(
          new Thread(
              () -> {
                try {
                  found[at] = client.volume("/v1/embed", bytes(at)).floats("embedding");
                } catch (IOException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).containsExactly(model.embed(volumes.get(i))[0], within(1e-5f));
    }
  }
}

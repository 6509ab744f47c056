package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.config.UploadLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that name a series of an archive, and what can be wrong with it. */
class ArchiveTest {
  private static final String SERIES =
      "{\"dicomWeb\": {\"study\": \"1.2\", \"series\": \"1.2.3\"}}";

  @TempDir static Path dir;
  private static TrainedModel model;
  private static Path temporary;
  private FakeArchive archive;
  private String logged; // of the last problem

  @BeforeAll
  static void open() throws IOException {
    model = Phantoms.model();
    temporary = Files.createDirectory(dir.resolve("temporary"));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @BeforeEach
  void start() throws IOException {
    archive = new FakeArchive();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    archive.close();
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
  }

  private T3dServer server(Duration timeout) throws IOException {
    return T3dServer.builder(model)
        .settings(
            ServeSettings.builder()
                .port(0)
                .temporary(temporary)
                .archive(archive.settings())
                .timeout(timeout)
                .upload(new UploadLimits(1 << 20, 10_000, 5))
                .build())
        .start();
  }

  private String problem(FakeArchive.Answer answer, int status) throws Exception {
    archive.answer = answer;
    try (T3dServer server = server(Duration.ofSeconds(30))) {
      return problem(server, status);
    }
  }

  /** What the client is told; the log of the request has what it is not told. */
  private String problem(T3dServer server, int status) throws Exception {
    PrintStream console = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    Client.Reply reply;
    try {
      reply = new Client(server).json("/v1/embed", SERIES);
    } finally {
      System.setErr(console);
    }
    String words = reply.problem(status);
    assertThat(words)
        .doesNotContain("Mustermann")
        .doesNotContain(FakeArchive.TOKEN)
        .doesNotContain("1.2.3")
        .doesNotContain("127.0.0.1", "localhost", "dicom-web", "http")
        .doesNotContain(Integer.toString(archive.settings().base().getPort()))
        .doesNotContain(temporary.toString());
    logged = log.toString(StandardCharsets.UTF_8);
    assertThat(logged)
        .contains(reply.response().headers().firstValue("X-Request-Id").orElseThrow() + ": ")
        .doesNotContain("Mustermann", FakeArchive.TOKEN, "1.2.3");
    return words;
  }

  private String host() {
    return "127.0.0.1:" + archive.settings().base().getPort();
  }

  @Test
  void aSeriesThatIsNotThereIsNotFound() throws Exception {
    assertThat(problem(exchange -> FakeArchive.status(exchange, 404), 404))
        .contains("does not have this series");
    assertThat(logged).contains(host() + " refuses series ", "it is not there");
    assertThat(archive.asked)
        .containsExactly("GET /dicom-web/studies/1.2/series/1.2.3 Bearer " + FakeArchive.TOKEN);
  }

  @Test
  void anArchiveThatRefusesOrFailsIsABadGateway() throws Exception {
    assertThat(problem(exchange -> FakeArchive.status(exchange, 401), 502))
        .contains("refuses the login of this service");
    assertThat(logged).contains(host(), "status 401: credentials are missing or wrong");
    assertThat(problem(exchange -> FakeArchive.status(exchange, 500), 502)).contains("status 500");
    assertThat(logged).contains(host(), "status 500; try again later");
    assertThat(
            problem(
                exchange -> {
                  exchange.getResponseHeaders().set("Content-Type", "text/html");
                  FakeArchive.status(exchange, 200);
                },
                502))
        .contains("what it answers is no whole series");
    assertThat(logged).contains(host(), "is this the address of a DICOMweb service");
    assertThat(problem(exchange -> exchange.close(), 502)).contains("cannot be reached");
    assertThat(logged).contains(host(), "the connection was lost");
  }

  @Test
  void anArchiveThatSendsElsewhereIsNotFollowed() throws Exception {
    try (FakeArchive other = new FakeArchive()) {
      String there = other.settings().base().toString();
      assertThat(
              problem(
                  exchange -> {
                    exchange.getResponseHeaders().set("Location", there);
                    FakeArchive.status(exchange, 302);
                  },
                  502))
          .contains("status 302");
      assertThat(logged).contains(host(), "which is not followed");
      assertThat(other.asked).isEmpty();
    }
  }

  @Test
  void nobodyAtTheAddressIsABadGateway() throws Exception {
    try (T3dServer server = server(Duration.ofSeconds(30))) {
      archive.close();
      assertThat(problem(server, 502)).contains("the archive cannot be reached");
      assertThat(logged).contains("Nothing answers at " + host());
    }
  }

  @Test
  void whatExceedsTheBoundsOfUploadsIsRefused() throws Exception {
    assertThat(problem(FakeArchive.objects(6, 10), 413)).contains("more than 5 objects");
    assertThat(problem(FakeArchive.objects(3, 4000), 413)).contains("more than 10000 bytes");
    assertThat(archive.asked).hasSize(2);
  }

  @Test
  void objectsThatAreNoDicomInsideAreTheLibrarysProblem() throws Exception {
    assertThat(problem(exchange -> html(exchange), 502)).contains("no whole series");
    assertThat(logged).contains(host(), "that is no DICOM");
  }

  private static void html(com.sun.net.httpserver.HttpExchange exchange) throws IOException {
    byte[] body = "--b\r\n\r\n<h1>Mustermann</h1>\r\n--b--\r\n".getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "multipart/related; boundary=b");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  @Test
  void aSlowArchiveIsGivenUpWithTheRequest() throws Exception {
    archive.answer =
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "multipart/related; boundary=b");
          exchange.sendResponseHeaders(200, 0);
          try {
            for (int i = 0; i < 400; i++) {
              exchange.getResponseBody().write('-');
              exchange.getResponseBody().flush();
              Thread.sleep(50);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    try (T3dServer server = server(Duration.ofMillis(600))) {
      long since = System.nanoTime();
      assertThat(problem(server, 504)).contains("did not give the series in time");
      assertThat(logged).contains(host() + " did not give series ", "within 0.");
      assertThat(System.nanoTime() - since).isLessThan(10_000_000_000L);
    }
  }

  @Test
  void aRequestNamesNoHostAndNoOtherPath() throws Exception {
    try (T3dServer server = server(Duration.ofSeconds(30))) {
      Client client = new Client(server);
      for (String uid :
          List.of(
              "../../instances", "1.2/../3", "1.2?a=b", "1.2#", "", "1.2\\u0000", "1".repeat(65))) {
        String body = "{\"dicomWeb\": {\"study\": \"1.2\", \"series\": \"" + uid + "\"}}";
        assertThat(client.json("/v1/embed", body).problem(400)).contains("digits and dots");
      }
      for (String more :
          List.of("\"base\": \"http://127.0.0.1:1\"", "\"url\": \"http://x\"", "\"host\": \"x\"")) {
        String body = "{\"dicomWeb\": {\"study\": \"1.2\", \"series\": \"1.2.3\", " + more + "}}";
        client.json("/v1/embed", body).problem(400);
      }
      client.json("/v1/embed", "{\"dicomWeb\": {\"study\": \"1.2\"}}").problem(400);
      client.json("/v1/embed", "{\"dicomWeb\": \"http://127.0.0.1:1/dicom-web\"}").problem(400);
      client.json("/v1/embed?dicomWeb=1.2", "{}").problem(400);
      assertThat(
              client
                  .json("/v1/embed", SERIES.replace("{\"dicom", "{\"path\": \"a\", \"dicom"))
                  .problem(400))
          .contains("exclude each other");
      assertThat(client.form("/v1/embed", new byte[] {1, 2, 3, 4}, SERIES).problem(400))
          .contains("exclude each other");
    }
    assertThat(archive.asked).isEmpty();
  }

  @Test
  void nothingIsFetchedForARequestThatIsWrongElsewhere() throws Exception {
    try (T3dServer server = server(Duration.ofSeconds(30))) {
      Client client = new Client(server);
      client.json("/v1/report", SERIES).problem(501);
      client
          .json("/v1/zero-shot", SERIES.replaceFirst("}$", ", \"findings\": [\"\"]}"))
          .problem(400);
    }
    assertThat(archive.asked).isEmpty();
  }

  @Test
  void withoutAnArchiveReferencesAreRefused() throws Exception {
    try (T3dServer server =
        T3dServer.builder(model).settings(ServeSettings.builder().port(0).build()).start()) {
      assertThat(new Client(server).json("/v1/embed", SERIES).problem(403)).contains("--dicomweb");
    }
  }
}

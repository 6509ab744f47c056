package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that no client of good will sends: each is refused, none leaves anything behind. */
class StrangerTest {
  private static final String HEAD = " HTTP/1.1\r\nHost: localhost\r\n";

  @TempDir static Path dir;
  private static TrainedModel model;
  private static Path temporary;
  private static byte[] volume;
  private static T3dServer server;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    model = Phantoms.model();
    volume = Files.readAllBytes(Phantoms.write(dir.resolve("ct"), 1).get(0));
    temporary = Files.createDirectory(dir.resolve("temporary"));
    server = server(Duration.ofSeconds(60), 64);
    client = new Client(server);
  }

  private static T3dServer server(Duration timeout, int queue) throws IOException {
    return T3dServer.builder(model)
        .settings(
            ServeSettings.builder()
                .port(0)
                .temporary(temporary)
                .timeout(timeout)
                .queue(queue)
                .build())
        .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  @AfterEach
  void allIsAsBefore() throws Exception {
    for (int i = 0; i < 600 && !isIdle(); i++) {
      Thread.sleep(50);
    }
    assertThat(isIdle()).isTrue();
    assertThat(client.volume("/v1/embed", volume).status()).isEqualTo(200);
  }

  private static boolean isIdle() throws Exception {
    try (Stream<Path> files = Files.list(temporary)) {
      return files.findAny().isEmpty()
          && client.get("/metrics").text().contains("t3d_requests_inside 0.0");
    }
  }

  private static Socket connect(T3dServer to) throws IOException {
    Socket socket = new Socket(to.address().getHost(), to.address().getPort());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  /** All that comes until the service closes the connection, or the header and its body came. */
  private static String answer(Socket socket) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    try {
      for (int n; (n = socket.getInputStream().read(buffer)) >= 0; ) {
        all.write(buffer, 0, n);
        if (all.toString(StandardCharsets.UTF_8).endsWith("}")) {
          break;
        }
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("nothing came", e);
    } catch (SocketException e) {
      // Closed with bytes of ours unread.
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  private static String ask(String text) throws IOException {
    try (Socket socket = connect(server)) {
      send(socket, text);
      return answer(socket);
    }
  }

  private static void refused(String answer, int status) {
    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    assertThat(answer)
        .contains("application/problem+json")
        .contains("\"status\":" + status)
        .contains("urn:t3d:request:")
        .doesNotContain("Exception")
        .doesNotContain("jetty");
  }

  @Test
  void aHalfUploadIsForgottenWhenTheClientGoes() throws Exception {
    for (int i = 0; i < 5; i++) {
      try (Socket socket = connect(server)) {
        send(socket, "POST /v1/embed" + HEAD + "Content-Length: 100000\r\n\r\nhalf");
      }
    }
  }

  @Test
  void anUploadThatStopsOrTricklesIsGivenUpInTime() throws Exception {
    try (T3dServer hasty = server(Duration.ofMillis(700), 8)) {
      try (Socket stops = connect(hasty);
          Socket trickles = connect(hasty)) {
        send(stops, "POST /v1/embed" + HEAD + "Content-Length: 100000\r\n\r\nhalf");
        send(trickles, "POST /v1/embed" + HEAD + "Content-Length: 100000\r\n\r\n");
        try {
          for (int i = 0; i < 40; i++) {
            send(trickles, "x");
            Thread.sleep(50);
          }
        } catch (SocketException e) {
          // It was told to go.
        }
        refused(answer(stops), 408);
        byte[] part =
            "--x\r\nContent-Disposition: form-data; name=\"volume\"\r\n\r\nhalf"
                .getBytes(StandardCharsets.UTF_8);
        try (Socket form = connect(hasty)) {
          send(
              form,
              "POST /v1/embed"
                  + HEAD
                  + "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9999\r\n\r\n"
                  + new String(part, StandardCharsets.UTF_8));
          refused(answer(form), 408);
        }
        refused(answer(trickles), 408);
      }
    }
  }

  @Test
  void aClientThatGoesWhileItsRequestWaitsLeavesNothing() throws Exception {
    for (int i = 0; i < 20; i++) {
      try (Socket socket = connect(server)) {
        send(socket, "POST /v1/embed" + HEAD + "Content-Length: " + volume.length + "\r\n\r\n");
        socket.getOutputStream().write(volume);
      }
    }
  }

  @Test
  void headersThatAreTooLargeOrDoNotFitAreRefused() throws Exception {
    String large = "X-Large: " + "x".repeat(100_000) + "\r\n\r\n";
    refused(ask("GET /healthz" + HEAD + large), 431);
    refused(ask("GET /" + "x".repeat(100_000) + HEAD + "\r\n"), 414);
    refused(ask("POST /v1/embed" + HEAD + "Content-Length: -5\r\n\r\n"), 400);
    refused(
        ask("POST /v1/embed" + HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhallo"), 400);
    refused(ask("POST /v1/embed" + HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
    refused(ask("GET /v1/%2e%2e/healthz" + HEAD + "\r\n"), 404);
    refused(ask("GET /healthz%00" + HEAD + "\r\n"), 400);
    refused(ask("GET /healthz\r\n\r\n"), 505);
    refused(ask("not http at all\r\n\r\n"), 400);
  }

  @Test
  void whoIsRefusedWhileItStillSendsGetsTheReason() throws Exception {
    byte[] large = new byte[20 << 20];
    for (int i = 0; i < 5; i++) {
      client.post("/v1/text-embed", "text/plain", large).problem(415);
      client.post("/v1/nothing", "text/plain", large).problem(404);
      client.form("/v1/embed?no=thing", large, "").problem(400);
    }
  }

  /** A service with a queue of one has about fifteen threads for all. */
  @Test
  void whoIsRefusedAndSendsOnHoldsNoThread() throws Exception {
    List<Socket> open = new ArrayList<>();
    AtomicBoolean going = new AtomicBoolean(true);
    Thread trickle =
        new Thread(
            () -> {
              while (going.get()) {
                for (Socket socket : open) {
                  try {
                    send(socket, "x");
                  } catch (IOException e) {
                    // It has its answer, and the connection is closed.
                  }
                }
                LockSupport.parkNanos(20_000_000);
              }
            });
    try (T3dServer small = server(Duration.ofSeconds(20), 1)) {
      Client other = new Client(small);
      assertThat(other.get("/healthz").status()).isEqualTo(200);
      for (int i = 0; i < 120; i++) {
        open.add(connect(small));
      }
      for (Socket socket : open) {
        send(socket, "POST /v1/nothing" + HEAD + "Content-Length: 100000\r\n\r\n");
      }
      trickle.start();
      long since = System.nanoTime();
      assertThat(other.get("/healthz").status()).isEqualTo(200);
      assertThat(System.nanoTime() - since).isLessThan(2_000_000_000L);
      refused(answer(open.get(0)), 404);
    } finally {
      going.set(false);
      trickle.join();
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void otherMethodsAndTypesAreRefused() throws Exception {
    for (String method : List.of("DELETE", "PUT", "PATCH", "GET")) {
      refused(ask(method + " /v1/embed" + HEAD + "Content-Length: 0\r\n\r\n"), 405);
    }
    for (String type : List.of("text/plain", "application/xml", "image/png", "")) {
      byte[] json = "{\"path\": \"a\"}".getBytes(StandardCharsets.UTF_8);
      client.post("/v1/text-embed", type.isEmpty() ? "a/b" : type, json).problem(415);
      client.post("/v1/embed", type.isEmpty() ? "a/b" : type, json).problem(415);
    }
    client.post("/v1/embed", "multipart/form-data", volume).problem(400);
    client.post("/v1/embed", "multipart/form-data; boundary=x", volume).problem(400);
  }

  @Test
  void jsonThatIsDeepOrBrokenOrDoubleIsRefused() throws Exception {
    for (String bad :
        List.of(
            "[".repeat(1 << 20),
            "{\"texts\":" + "[".repeat(100_000),
            "{\"texts\": [\"a\"]",
            "{\"texts\": [\"a\"]} {\"texts\": [\"b\"]}",
            "{\"texts\": [\"a\"], \"texts\": [\"b\"]}",
            "{\"texts\": [null]}",
            "null",
            "",
            "{\"texts\": 1" + "0".repeat(50_000) + "}")) {
      client.json("/v1/text-embed", bad).problem(400);
    }
    assertThat(client.json("/v1/text-embed", "{\"texts\": null}").problem(400)).contains("texts");
    client.json("/v1/text-embed", "{\"texts\": [\"" + "a".repeat(5 << 20) + "\"]}").problem(413);
    assertThat(client.json("/v1/text-embed", "{\"texts\": [\"\\ud800 \\u0000\"]}").status())
        .isEqualTo(200);
  }

  @Test
  void aNullBelowTheOutermostKeysIsTheClientsFault() throws Exception {
    for (String nulls :
        List.of(
            "\"findings\": [null]",
            "\"prompts\": [null]",
            "\"prompts\": [{\"finding\": null, \"positive\": [\"a\"], \"negative\": [\"b\"]}]",
            "\"prompts\": [{\"finding\": \"a\", \"positive\": [null], \"negative\": [\"b\"]}]",
            "\"dicomWeb\": {\"study\": \"1.2\", \"series\": null}")) {
      assertThat(client.json("/v1/zero-shot", "{" + nulls + "}").problem(400))
          .contains("is null; send a value");
    }
    // An optional key that is null is as one that is not there.
    assertThat(client.json("/v1/zero-shot", "{\"path\": null, \"findings\": null}").problem(400))
        .contains("no volume");
  }

  @Test
  void zipsWithNamesThatCannotBeFilesTellNeitherNamesNorFolders() throws Exception {
    for (List<String> names :
        List.of(
            List.of("Mustermann", "Mustermann/1.dcm"),
            List.of("Mustermann/1.dcm", "Mustermann"),
            List.of("Mustermann" + "x".repeat(300)),
            List.of("Mustermann/".repeat(400) + "1.dcm"))) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(out)) {
        for (String name : names) {
          zip.putNextEntry(new ZipEntry(name));
          zip.write(1);
          zip.closeEntry();
        }
      }
      assertThat(client.volume("/v1/embed", out.toByteArray()).problem(422))
          .doesNotContain("Mustermann")
          .doesNotContain(temporary.toString())
          .contains("zip");
    }
  }

  @Test
  void aThousandConnectionsThatSayLittleShutNobodyOut() throws Exception {
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < 1000; i++) {
        Socket socket = connect(server);
        open.add(socket);
        if (i % 2 == 0) {
          send(socket, "POST /v1/embed HTTP/1.1\r\nHost: loc");
        }
      }
      assertThat(client.volume("/v1/embed", volume).status()).isEqualTo(200);
      assertThat(client.get("/healthz").status()).isEqualTo(200);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void aHundredHalfUploadsAreAFullHouseAndNoMore() throws Exception {
    List<Socket> open = new ArrayList<>();
    try (T3dServer small = server(Duration.ofSeconds(20), 8)) {
      for (int i = 0; i < 100; i++) {
        Socket socket = connect(small);
        open.add(socket);
        send(socket, "POST /v1/embed" + HEAD + "Content-Length: 100000\r\n\r\nhalf");
      }
      Client other = new Client(small);
      assertThat(other.get("/healthz").status()).isEqualTo(200);
      assertThat(other.volume("/v1/embed", volume).problem(429)).contains("queue is full");
      for (Socket socket : open) {
        socket.close();
      }
      for (int i = 0; i < 200 && !other.get("/metrics").text().contains("inside 0.0"); i++) {
        Thread.sleep(50);
      }
      assertThat(other.volume("/v1/embed", volume).status()).isEqualTo(200);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }
}

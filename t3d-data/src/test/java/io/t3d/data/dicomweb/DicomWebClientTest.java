package io.t3d.data.dicomweb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive that misbehaves, made of the JDK's web server. */
class DicomWebClientTest {
  private static final RemoteSeries SERIES = new RemoteSeries("1.2", "1.2.3", "CT", "Q-77", 2);

  /** Answers a request; gets its number, from 0. */
  private interface Answer {
    void to(HttpExchange exchange, int number) throws IOException;
  }

  @TempDir Path dir;
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private HttpServer server;
  private Answer answer;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext(
        "/",
        exchange -> {
          int number = asked.size();
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          exchange.getRequestBody().readAllBytes();
          try (exchange) {
            answer.to(exchange, number);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private DicomWebSettings settings(Credentials credentials) {
    URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/dicom-web");
    return DicomWebSettings.of(base, credentials)
        .withRetries(3, Duration.ofMillis(5))
        .withSilence(Duration.ofSeconds(2));
  }

  private DicomWebClient client() {
    return new DicomWebClient(settings(Credentials.none()));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private static void json(HttpExchange exchange, int status, String body) throws IOException {
    send(exchange, status, "application/dicom+json", body.getBytes(StandardCharsets.UTF_8));
  }

  private static String entry(int n) {
    return "{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"1.2."
        + n
        + "\"]},\"00080060\":{\"vr\":\"CS\",\"Value\":[\"CT\"]},\"00100020\":{\"vr\":\"LO\",\"Value\":[\"Q-77\"]}"
        + ",\"00201209\":{\"vr\":\"IS\",\"Value\":[3]}}";
  }

  private static byte[] multipart(int count) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append("--x\r\nContent-Type: application/dicom\r\n\r\n");
      text.append("\0".repeat(128)).append("DICM body ").append(i).append("\r\n");
    }
    return text.append("--x--\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static final String MULTIPART =
      "multipart/related; type=\"application/dicom\"; boundary=x";

  private void fails(String... message) {
    assertThatThrownBy(() -> client().retrieve(SERIES, dir.resolve("s")))
        .isInstanceOf(DicomWebException.class)
        .hasMessageContainingAll(message)
        .hasMessageNotContaining("Q-77");
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void searchesPageByPage() throws IOException {
    answer =
        (exchange, number) -> {
          StringBuilder all = new StringBuilder("[");
          for (int i = 0; i < (number == 0 ? 100 : number == 1 ? 20 : 0); i++) {
            all.append(i == 0 ? "" : ",").append(entry(number * 100 + i));
          }
          json(exchange, 200, all.append(']').toString());
        };
    List<RemoteSeries> found = client().search(Map.of("PatientID", "a b&c*"), 150);
    assertThat(found).hasSize(120).doesNotHaveDuplicates();
    assertThat(found.get(0)).isEqualTo(new RemoteSeries("1.2", "1.2.0", "CT", "Q-77", 3));
    assertThat(found.get(0).toString()).doesNotContain("Q-77").doesNotContain("1.2.0");
    assertThat(asked)
        .containsExactly(
            "GET /dicom-web/series?PatientID=a%20b%26c*&includefield=00100020&includefield=00201209"
                + "&limit=100&offset=0",
            "GET /dicom-web/series?PatientID=a%20b%26c*&includefield=00100020&includefield=00201209"
                + "&limit=50&offset=100",
            "GET /dicom-web/series?PatientID=a%20b%26c*&includefield=00100020&includefield=00201209"
                + "&limit=30&offset=120");
  }

  @Test
  void anArchiveThatGivesFewerThanItIsAskedForIsAskedOn() throws IOException {
    answer =
        (exchange, number) -> {
          StringBuilder all = new StringBuilder("[");
          for (int i = 0; i < (number < 3 ? 40 : 0); i++) {
            all.append(i == 0 ? "" : ",").append(entry(number * 100 + i));
          }
          json(exchange, 200, all.append(']').toString());
        };
    assertThat(client().search(Map.of(), 150)).hasSize(120);
  }

  @Test
  void aServiceThatIsBusyIsAskedAgain() throws IOException {
    answer =
        (exchange, number) -> {
          if (number < 2) {
            send(exchange, 503, "text/plain", new byte[0]);
          } else {
            send(exchange, 200, MULTIPART, multipart(2));
          }
        };
    List<Path> files = client().retrieve(SERIES, dir.resolve("s"));
    assertThat(files)
        .extracting(f -> f.getFileName().toString())
        .containsExactly("000001.dcm", "000002.dcm");
    assertThat(Files.readString(files.get(1), StandardCharsets.ISO_8859_1)).endsWith("DICM body 1");
    assertThat(asked).hasSize(3);
    assertThat(dir.toFile().list()).containsExactly("s");
  }

  @Test
  void aServiceThatStaysBusyIsGivenUp() {
    answer = (exchange, number) -> send(exchange, 503, "text/plain", new byte[0]);
    fails("refuses", "503", "try again later");
    assertThat(asked).hasSize(3);
  }

  @Test
  void refusedCredentialsAreNotTriedAgain() {
    answer = (exchange, number) -> send(exchange, 401, "text/plain", new byte[0]);
    fails("401", "--auth-basic or --auth-bearer");
    assertThat(asked).hasSize(1);
  }

  @Test
  void aSeriesThatVanishedIsNamedByItsHash() {
    answer = (exchange, number) -> send(exchange, 404, "text/plain", new byte[0]);
    fails("404", "series " + SERIES.id(), "was it removed");
  }

  @Test
  void anAnswerCutInTheMiddleLeavesNothing() {
    answer =
        (exchange, number) -> {
          byte[] body = multipart(2);
          exchange.getResponseHeaders().set("Content-Type", MULTIPART);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body, 0, body.length - 100);
          exchange.getResponseBody().flush();
          exchange.close();
        };
    fails("the connection was lost", "3 attempts");
    assertThat(asked).hasSize(3);
  }

  @Test
  void anAnswerThatEndsBeforeItsLastBoundaryLeavesNothing() {
    answer =
        (exchange, number) ->
            send(exchange, 200, MULTIPART, java.util.Arrays.copyOf(multipart(2), 250));
    fails("the answer was cut off");
  }

  @Test
  void aServiceThatFallsSilentIsGivenUp() {
    answer =
        (exchange, number) -> {
          exchange.getResponseHeaders().set("Content-Type", MULTIPART);
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(multipart(1), 0, 60);
          exchange.getResponseBody().flush();
          sleep();
        };
    DicomWebClient once =
        new DicomWebClient(
            settings(Credentials.none())
                .withRetries(1, Duration.ZERO)
                .withSilence(Duration.ofMillis(300)));
    assertThatThrownBy(() -> once.retrieve(SERIES, dir.resolve("s")))
        .isInstanceOf(DicomWebException.class)
        .hasMessageContaining("nothing came for");
    assertThat(dir).isEmptyDirectory();
  }

  private static void sleep() {
    try {
      Thread.sleep(3000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void fewerObjectsThanTheArchiveSaysAreRefused() {
    answer = (exchange, number) -> send(exchange, 200, MULTIPART, multipart(1));
    fails("gave 1 objects", "which has 2", "still being stored");
  }

  @Test
  void whatIsNoMultipartOrNoDicomIsRefused() {
    answer =
        (exchange, number) ->
            send(exchange, 200, "text/html", "<html>".getBytes(StandardCharsets.UTF_8));
    fails("\"text/html\"", "expected multipart/related");
    answer =
        (exchange, number) ->
            send(
                exchange,
                200,
                MULTIPART,
                "--x\r\n\r\nhello\r\n--x--\r\n".getBytes(StandardCharsets.UTF_8));
    fails("is no DICOM");
    answer = (exchange, number) -> send(exchange, 200, MULTIPART, multipart(0));
    fails("gave no object");
  }

  @Test
  void boundsOfSizeAndNumberAreKept() {
    answer = (exchange, number) -> send(exchange, 200, MULTIPART, multipart(2));
    for (DicomWebSettings tight :
        List.of(
            settings(Credentials.none()).withBounds(100, 10),
            settings(Credentials.none()).withBounds(1000, 1))) {
      assertThatThrownBy(() -> new DicomWebClient(tight).retrieve(SERIES, dir.resolve("s")))
          .isInstanceOf(DicomWebException.class)
          .hasMessageContaining("1");
      assertThat(dir).isEmptyDirectory();
    }
  }

  @Test
  void oneFetchCanHaveTighterBounds() throws IOException {
    answer = (exchange, number) -> send(exchange, 200, MULTIPART, multipart(2));
    int bytes = 2 * (128 + "DICM body 0".length());
    Duration minute = Duration.ofMinutes(1);
    for (RetrieveLimits tight :
        List.of(new RetrieveLimits(bytes - 1, 2, minute), new RetrieveLimits(bytes, 1, minute))) {
      assertThatThrownBy(() -> client().retrieve(SERIES, dir.resolve("s"), tight))
          .isInstanceOfSatisfying(
              DicomWebException.class,
              e -> assertThat(e.reason()).isEqualTo(DicomWebException.Reason.TOO_LARGE))
          .hasMessageContaining("has more than");
      assertThat(dir).isEmptyDirectory();
    }
    assertThat(asked).hasSize(2);
    assertThat(client().retrieve(SERIES, dir.resolve("s"), new RetrieveLimits(bytes, 2, minute)))
        .hasSize(2);
  }

  @Test
  void oneFetchEndsInItsTimeHoweverTheArchiveDelaysIt() {
    Answer trickles =
        (exchange, number) -> {
          exchange.getResponseHeaders().set("Content-Type", MULTIPART);
          exchange.sendResponseHeaders(200, 0);
          for (byte b : multipart(1)) {
            exchange.getResponseBody().write(b);
            exchange.getResponseBody().flush();
            pause(20);
          }
        };
    Answer nothing = (exchange, number) -> sleep();
    for (Answer slow : List.of(trickles, nothing)) {
      answer = slow;
      long since = System.nanoTime();
      assertThatThrownBy(this::retrieveInHalfASecond)
          .isInstanceOfSatisfying(
              DicomWebException.class,
              e -> assertThat(e.reason()).isEqualTo(DicomWebException.Reason.TIMED_OUT))
          .hasMessageContaining("series " + SERIES.id())
          .hasMessageContaining("within 0.5 s");
      assertThat(System.nanoTime() - since).isLessThan(2_500_000_000L);
      assertThat(dir).isEmptyDirectory();
    }
  }

  private void retrieveInHalfASecond() throws IOException {
    DicomWebClient patient =
        new DicomWebClient(
            settings(Credentials.none())
                .withRetries(9, Duration.ofMillis(300))
                .withSilence(Duration.ofMinutes(1)));
    Duration half = Duration.ofMillis(500);
    patient.retrieve(SERIES, dir.resolve("s"), new RetrieveLimits(1000, 10, half));
  }

  @Test
  void whatTheArchiveAnsweredLastIsTheErrorWhenThereIsNoTimeToAskAgain() {
    Answer busy = (exchange, number) -> send(exchange, 503, "text/plain", new byte[0]);
    Answer busyThenSilent =
        (exchange, number) -> {
          if (number == 0) {
            busy.to(exchange, number);
          } else {
            sleep();
          }
        };
    for (Answer one : List.of(busy, busyThenSilent)) {
      answer = one;
      asked.clear();
      long since = System.nanoTime();
      assertThatThrownBy(this::retrieveInHalfASecond)
          .isInstanceOfSatisfying(
              DicomWebException.class,
              e -> {
                assertThat(e.status()).isEqualTo(503);
                assertThat(e.reason()).isEqualTo(DicomWebException.Reason.OTHER);
              })
          .hasMessageContainingAll("refuses series " + SERIES.id(), "with status 503");
      assertThat(System.nanoTime() - since).isLessThan(2_500_000_000L);
      assertThat(asked).isNotEmpty();
      assertThat(dir).isEmptyDirectory();
    }
  }

  private static void pause(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void nothingAnswersAtAWrongAddress() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    DicomWebClient nobody =
        new DicomWebClient(
            DicomWebSettings.of(URI.create("http://127.0.0.1:" + port), Credentials.none())
                .withRetries(2, Duration.ofMillis(1)));
    assertThatThrownBy(() -> nobody.search(Map.of(), 1))
        .isInstanceOf(DicomWebException.class)
        .hasMessage(
            "Nothing answers at 127.0.0.1:"
                + port
                + " (2 attempts); is the address right and the service running?");
  }

  @Test
  void credentialsComeFromFilesAndAreSentButNeverShown() throws IOException {
    Path file = Files.writeString(dir.resolve("secret"), "me:p:w\n");
    List<Optional<String>> sent = new ArrayList<>();
    answer =
        (exchange, number) -> {
          sent.add(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")));
          json(exchange, 200, "[]");
        };
    Credentials basic = Credentials.basicFrom(file);
    new DicomWebClient(settings(basic)).search(Map.of(), 1);
    Files.writeString(file, "abc.def\n");
    new DicomWebClient(settings(Credentials.bearerFrom(file))).search(Map.of(), 1);
    client().search(Map.of(), 1);
    assertThat(sent)
        .containsExactly(
            Optional.of("Basic bWU6cDp3"), Optional.of("Bearer abc.def"), Optional.empty());
    assertThat(basic).hasToString("Basic …");
    assertThat(settings(basic).toString()).doesNotContain("bWU6cDp3");
    Files.writeString(file, "two\nlines");
    assertThatThrownBy(() -> Credentials.bearerFrom(file))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("one line")
        .hasMessageNotContaining("two");
  }

  @Test
  void addressesThatAreNoneAreRefused() {
    for (String bad :
        List.of("pacs.example", "ftp://pacs", "http://", "http://u:p@pacs/x", "a b")) {
      assertThatThrownBy(
              () -> DicomWebSettings.of(DicomWebSettings.address(bad), Credentials.none()))
          .as(bad)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("DICOMweb")
          .hasMessageNotContaining("u:p");
    }
  }

  @Test
  void storingSendsTheFileAndReadsTheAnswer() throws IOException {
    Path file = Files.writeString(dir.resolve("a.dcm"), "content");
    String stored = "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[{}]}}";
    answer = (exchange, number) -> json(exchange, 200, stored);
    client().store(List.of(file));
    assertThat(asked).containsExactly("POST /dicom-web/studies");

    String failed =
        "{\"00081198\":{\"vr\":\"SQ\",\"Value\":[{\"00081197\":{\"vr\":\"US\",\"Value\":[%d]}}]}}";
    storeFails(file, 409, String.format(failed, 0x0122), "kind of object (SOP class) (0x0122)");
    storeFails(file, 202, String.format(failed, 0xA901), "data do not match");
    storeFails(file, 200, String.format(failed, 0xC123), "cannot understand the data (0xC123)");
    storeFails(file, 200, "{}", "stored 0 of 1");
    storeFails(file, 200, "<html>", "no DICOM JSON");
    storeFails(file, 415, "", "415");
  }

  @Test
  void whatWasStoredBeforeTheAnswerWasLostIsStored() throws IOException {
    Path file = Files.writeString(dir.resolve("a.dcm"), "content");
    String there =
        "{\"00081198\":{\"vr\":\"SQ\",\"Value\":[{\"00081197\":{\"vr\":\"US\",\"Value\":[273]}}]}}";
    answer =
        (exchange, number) -> {
          if (number == 0) {
            exchange.close(); // the archive has it, and the answer never comes
          } else {
            json(exchange, 409, there);
          }
        };
    client().store(List.of(file));
    assertThat(asked).hasSize(2);

    storeFails(file, 409, there, "it has this object already (0x0111)");
  }

  private void storeFails(Path file, int status, String body, String message) {
    answer = (exchange, number) -> json(exchange, status, body);
    assertThatThrownBy(() -> client().store(List.of(file)))
        .isInstanceOf(DicomWebException.class)
        .hasMessageContaining(message);
  }
}

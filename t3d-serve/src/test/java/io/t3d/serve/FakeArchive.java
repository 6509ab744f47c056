package io.t3d.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.t3d.data.dicomweb.Credentials;
import io.t3d.data.dicomweb.DicomWebSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** A DICOMweb service made of the JDK's web server: says what a test wants, and notes who asked. */
final class FakeArchive implements AutoCloseable {
  static final String TOKEN = "archives-own-secret";

  /** Answers a request. */
  interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  /** Method, address and credentials of each request. */
  final List<String> asked = Collections.synchronizedList(new ArrayList<>());

  volatile Answer answer = exchange -> status(exchange, 404);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  FakeArchive() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          asked.add(
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization"));
          try (exchange) {
            answer.to(exchange);
          }
        });
    server.start();
  }

  DicomWebSettings settings() {
    URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/dicom-web");
    return DicomWebSettings.of(base, Credentials.bearer(TOKEN))
        .withRetries(2, Duration.ofMillis(5))
        .withSilence(Duration.ofSeconds(20));
  }

  static void status(HttpExchange exchange, int status) throws IOException {
    byte[] words = "<h1>Mustermann^Erika</h1>".getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, words.length);
    exchange.getResponseBody().write(words);
  }

  /** Answers with all files of a folder. */
  static Answer series(Path folder) {
    return exchange -> {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      try (Stream<Path> slices = Files.list(folder)) {
        // Archives give the objects in any order.
        for (Path slice : slices.sorted(Collections.reverseOrder()).toList()) {
          body.write(ascii("--b\r\nContent-Type: application/dicom\r\n\r\n"));
          body.write(Files.readAllBytes(slice));
          body.write(ascii("\r\n"));
        }
      }
      body.write(ascii("--b--\r\n"));
      multipart(exchange, body.toByteArray());
    };
  }

  /** Answers with objects that begin as DICOM does. */
  static Answer objects(int count, int bytes) {
    return exchange -> {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (int i = 0; i < count; i++) {
        body.write(ascii("--b\r\n\r\n" + "\0".repeat(128) + "DICM" + "x".repeat(bytes) + "\r\n"));
      }
      body.write(ascii("--b--\r\n"));
      multipart(exchange, body.toByteArray());
    };
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void multipart(HttpExchange exchange, byte[] body) throws IOException {
    exchange
        .getResponseHeaders()
        .set("Content-Type", "multipart/related; type=\"application/dicom\"; boundary=b");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}

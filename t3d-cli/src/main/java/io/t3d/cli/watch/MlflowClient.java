package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Calls of MLflow's REST API, version 2.0. A server that is busy, fails or cannot be reached is
 * asked again a few times; no redirection is followed, so that nothing goes anywhere but to the
 * address that was given.
 */
final class MlflowClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int ATTEMPTS = 4;
  private static final int MOST_SECONDS = 30;
  private static final int SHOWN = 200;

  private final String base;
  private final Optional<String> token;
  private final Duration wait;
  private final HttpClient http =
      HttpClient.newBuilder()
          .connectTimeout(TIMEOUT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .version(HttpClient.Version.HTTP_1_1)
          .build();

  /**
   * A client; nothing is sent yet.
   *
   * @param wait before the second attempt, doubled before each further one
   */
  MlflowClient(URI server, Optional<String> token, Duration wait) {
    String scheme = server.getScheme();
    boolean web = "http".equals(scheme) || "https".equals(scheme);
    if ((!web || server.getHost() == null) && server.getRawUserInfo() == null) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--mlflow must be an address like http://localhost:5000, got " + server);
    }
    if (server.getRawUserInfo() != null) { // it would go into files and messages
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--mlflow takes no user or password in the address; set MLFLOW_TRACKING_TOKEN");
    }
    this.base = server.toString().replaceAll("/+$", "") + "/api/2.0/mlflow/";
    this.token = token.filter(t -> !t.isBlank());
    this.wait = wait;
  }

  /** A client that waits a second before it asks again. */
  static MlflowClient at(URI server, Optional<String> token) {
    return new MlflowClient(server, token, Duration.ofSeconds(1));
  }

  /** Where it sends. */
  String base() {
    return base;
  }

  /** An answer that says no, with MLflow's word for why. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final String code;

    Refused(String message, String code) {
      super(message);
      this.code = code;
    }

    boolean is(String other) {
      return code.equals(other);
    }
  }

  /** Asks by GET with one parameter. */
  JsonNode get(String path, String name, String value) throws IOException {
    String query = name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
    return send(path, request(path + "?" + query).GET().build());
  }

  /** Sends by POST. */
  JsonNode post(String path, JsonNode body) throws IOException {
    return send(
        path,
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build());
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(TIMEOUT);
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    return request;
  }

  private JsonNode send(String path, HttpRequest request) throws IOException {
    Duration pause = wait;
    for (int attempt = 1; ; attempt++) {
      boolean last = attempt == ATTEMPTS;
      try {
        HttpResponse<String> answer =
            http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        int status = answer.statusCode();
        if (status == 200) {
          return JSON.readTree(answer.body());
        }
        boolean passing = status == 429 || status >= 500;
        if (last || !passing) {
          throw refused(path, answer);
        }
        pause = asked(answer).orElse(pause);
      } catch (Refused e) {
        throw e;
      } catch (IOException e) {
        if (last) {
          throw new IOException(base + path + " cannot be reached: " + e, e);
        }
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
      sleep(pause);
      pause = pause.multipliedBy(2);
    }
  }

  private static Refused refused(String path, HttpResponse<String> answer) {
    String code = "";
    try {
      code = JSON.readTree(answer.body()).path("error_code").asText("");
    } catch (IOException e) {
      // Not MLflow's own answer, e.g. a proxy's page.
    }
    String body = answer.body().strip().replaceAll("\\s+", " ");
    String shown = body.length() > SHOWN ? body.substring(0, SHOWN) + "..." : body;
    return new Refused(path + " was answered by " + answer.statusCode() + " " + shown, code);
  }

  /** What the server asks to wait, within reason. */
  private static Optional<Duration> asked(HttpResponse<String> answer) {
    return answer
        .headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("\\d{1,9}"))
        .map(text -> Duration.ofSeconds(Math.min(MOST_SECONDS, Integer.parseInt(text))));
  }

  private static void sleep(Duration pause) throws IOException {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    IOException out = new InterruptedIOException("stopped while waiting for the server");
    out.initCause(e);
    return out;
  }
}

package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** A client of a service under test. */
final class Client {
  private static final String BOUNDARY = "t3dtestboundary";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI address;
  private final Optional<String> token;

  Client(T3dServer server) {
    this(server, Optional.empty());
  }

  Client(T3dServer server, Optional<String> token) {
    this.address = server.address();
    this.token = token;
  }

  /** What came back. */
  record Reply(int status, String type, HttpResponse<byte[]> response) {
    JsonNode json() {
      try {
        return new ObjectMapper().readTree(response.body());
      } catch (IOException e) {
        throw new AssertionError(text(), e);
      }
    }

    String text() {
      return new String(response.body(), StandardCharsets.UTF_8);
    }

    float[] floats(String field) {
      JsonNode list = json().get(field);
      float[] out = new float[list.size()];
      for (int i = 0; i < out.length; i++) {
        out[i] = list.get(i).floatValue();
      }
      return out;
    }

    /** Checks that it is a problem as RFC 9457 has it, and returns its words. */
    String problem(int expected) {
      assertThat(status).as(text()).isEqualTo(expected);
      assertThat(type).startsWith("application/problem+json");
      assertThat(json().get("status").asInt()).isEqualTo(expected);
      assertThat(json().get("title").asText()).isNotBlank();
      assertThat(json().get("type").asText()).startsWith("urn:t3d:problem:");
      assertThat(json().get("instance").asText())
          .isEqualTo(
              "urn:t3d:request:" + response.headers().firstValue("X-Request-Id").orElseThrow());
      return json().get("detail").asText();
    }
  }

  Reply get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  Reply post(String path, String type, byte[] body) throws IOException, InterruptedException {
    return send(request(path).header("Content-Type", type).POST(BodyPublishers.ofByteArray(body)));
  }

  Reply volume(String path, byte[] body) throws IOException, InterruptedException {
    return post(path, "application/octet-stream", body);
  }

  Reply json(String path, String body) throws IOException, InterruptedException {
    return post(path, "application/json", body.getBytes(StandardCharsets.UTF_8));
  }

  /** A form with a volume and, unless it is empty, the rest of the request. */
  Reply form(String path, byte[] volume, String request) throws IOException, InterruptedException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    part(body, "volume\"; filename=\"Mustermann_Erika.nii.gz", volume);
    if (!request.isEmpty()) {
      part(body, "request", request.getBytes(StandardCharsets.UTF_8));
    }
    body.write(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
    return post(path, "multipart/form-data; boundary=" + BOUNDARY, body.toByteArray());
  }

  private static void part(ByteArrayOutputStream out, String name, byte[] content)
      throws IOException {
    String head =
        "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n";
    out.write(head.getBytes(StandardCharsets.UTF_8));
    out.write(content);
    out.write("\r\n".getBytes(StandardCharsets.UTF_8));
  }

  HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address.resolve(path)).timeout(Duration.ofMinutes(5));
    token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    return request;
  }

  Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
    return new Reply(
        response.statusCode(), response.headers().firstValue("Content-Type").orElse(""), response);
  }
}

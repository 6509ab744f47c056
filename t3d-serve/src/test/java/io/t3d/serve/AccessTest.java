package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.config.TlsFiles;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may come in, and over what. */
class AccessTest {
  private static final String TOKEN = "not-a-secret-of-anyone";
  private static final String PASSWORD = "changeit";

  @TempDir Path dir;
  private final TrainedModel model = Phantoms.model();

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void withoutTheTokenOnlyHealthIsTold() throws Exception {
    ServeSettings settings = ServeSettings.builder().port(0).token(TOKEN).build();
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      Client stranger = new Client(server);
      assertThat(stranger.get("/healthz").json().get("status").asText()).isEqualTo("ok");
      for (String path : new String[] {"/metrics", "/v1/model", "/openapi.json", "/nothing"}) {
        assertThat(stranger.get(path).problem(401)).contains("Authorization: Bearer");
      }
      Client.Reply refused = stranger.json("/v1/text-embed", "{\"texts\": [\"No nodule.\"]}");
      refused.problem(401);
      assertThat(refused.response().headers().firstValue("WWW-Authenticate"))
          .hasValueSatisfying(v -> assertThat(v).startsWith("Bearer"));
      for (String wrong : new String[] {"", TOKEN + "x", TOKEN.substring(1), "x"}) {
        new Client(server, Optional.of(wrong)).get("/v1/model").problem(401);
      }
      Client known = new Client(server, Optional.of(TOKEN));
      assertThat(known.get("/v1/model").status()).isEqualTo(200);
      assertThat(known.get("/openapi.json").json().at("/security/0/token").isArray()).isTrue();
    }
  }

  @Test
  void withoutATokenAPageOfAnotherSiteGetsNothing() throws Exception {
    ServeSettings settings = ServeSettings.builder().port(0).build();
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      int port = server.address().getPort();
      String own = "127.0.0.1:" + port;
      assertThat(status(port, own, "")).isEqualTo(200);
      assertThat(status(port, "localhost:" + port, "")).isEqualTo(200);
      assertThat(status(port, own, "Origin: http://localhost:3000\r\n")).isEqualTo(200);
      assertThat(status(port, "evil.example:" + port, "")).isEqualTo(403);
      assertThat(status(port, own, "Origin: https://evil.example\r\n")).isEqualTo(403);
      assertThat(status(port, own, "Origin: null\r\n")).isEqualTo(403);
    }
  }

  /** By a socket: the JDK's client sets Host itself. */
  private static int status(int port, String host, String more) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      String request =
          "GET /v1/model HTTP/1.1\r\nHost: " + host + "\r\n" + more + "Connection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return Integer.parseInt(answer.substring(9, 12));
    }
  }

  @Test
  void aCertificateAndAKeyInPemGiveTls() throws Exception {
    Path store = dir.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "t3d",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("keytool.log").toFile())
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = new FileInputStream(store.toFile())) {
      keys.load(in, PASSWORD.toCharArray());
    }
    Path certificate = pem("CERTIFICATE", keys.getCertificate("t3d").getEncoded());
    Path key = pem("PRIVATE KEY", keys.getKey("t3d", PASSWORD.toCharArray()).getEncoded());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("t3d", keys.getCertificate("t3d"));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    HttpClient http = HttpClient.newBuilder().sslContext(context).build();
    ServeSettings settings =
        ServeSettings.builder().port(0).tls(new TlsFiles(certificate, key)).build();
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      assertThat(server.address().getScheme()).isEqualTo("https");
      HttpRequest request = HttpRequest.newBuilder(server.address().resolve("/healthz")).build();
      assertThat(http.send(request, BodyHandlers.ofString()).body()).contains("ok");
    }
  }

  private Path pem(String kind, byte[] der) throws Exception {
    String text =
        "-----BEGIN "
            + kind
            + "-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
            + "\n-----END "
            + kind
            + "-----\n";
    return Files.writeString(dir.resolve(kind.replace(' ', '-') + ".pem"), text);
  }
}

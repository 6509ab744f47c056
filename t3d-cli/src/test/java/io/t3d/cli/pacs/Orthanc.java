package io.t3d.cli.pacs;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** An Orthanc with its DICOMweb plug-in on a free port, with a password. */
final class Orthanc implements AutoCloseable {
  static final String LOGIN = "tester:secret-5";

  private final Process process;
  private final int port;

  private Orthanc(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static Orthanc start(Path folder) throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = Files.createDirectories(folder).resolve("orthanc.json");
    Files.writeString(
        config,
        """
        {"Name": "t3d", "StorageDirectory": "%1$s/storage", "IndexDirectory": "%1$s/index",
         "HttpPort": %2$d, "DicomServerEnabled": false, "RemoteAccessAllowed": false,
         "AuthenticationEnabled": true, "RegisteredUsers": {"tester": "secret-5"},
         "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
         "DicomWeb": {"Enable": true, "Root": "/dicom-web/"}}
        """
            .formatted(folder, port));
    Process process =
        new ProcessBuilder("/usr/sbin/Orthanc", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("orthanc.log").toFile())
            .start();
    Orthanc orthanc = new Orthanc(process, port);
    for (int i = 0; i < 300; i++) {
      if (orthanc.get("dicom-web/studies") == 200) {
        return orthanc;
      }
      Thread.sleep(200);
    }
    process.destroyForcibly();
    throw new IOException(
        "Orthanc did not start: " + Files.readString(folder.resolve("orthanc.log")));
  }

  String address() {
    return "http://127.0.0.1:" + port + "/dicom-web";
  }

  private int get(String path) throws InterruptedException {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + path))
                  .header(
                      "Authorization",
                      "Basic "
                          + Base64.getEncoder()
                              .encodeToString(
                                  LOGIN.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                  .build(),
              BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(20, java.util.concurrent.TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}

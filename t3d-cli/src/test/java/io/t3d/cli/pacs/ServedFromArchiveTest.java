package io.t3d.cli.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.dicomweb.Credentials;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.DicomWebSettings;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.T3dServer;
import io.t3d.serve.config.ServeSettings;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service that fetches the series of its requests from a real archive, Orthanc. */
@Tag("orthanc")
class ServedFromArchiveTest {
  private static final Path SERIES =
      Path.of("../t3d-data/src/test/resources/golden/dicom/explicit-le");

  @TempDir Path dir;

  @Test
  void aSeriesOfTheArchiveIsEmbeddedAsItsFolder() throws Exception {
    try (Orthanc orthanc = Orthanc.start(dir.resolve("orthanc"));
        TrainedModel model =
            new TrainedModel(
                T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1),
                PretrainConfig.tiny().data(),
                Optional.empty(),
                List.of())) {
      Path login = Files.writeString(dir.resolve("login"), Orthanc.LOGIN + "\n");
      DicomWebSettings archive = settings(orthanc, Credentials.basicFrom(login));
      DicomWebClient client = new DicomWebClient(archive);
      try (Stream<Path> files = Files.list(SERIES)) {
        client.store(files.sorted().toList());
      }
      RemoteSeries stored = client.search(Map.of("Modality", "CT"), 1).get(0);
      Path temporary = Files.createDirectory(dir.resolve("temporary"));
      HttpResponse<String> answer =
          embed(model, archive, temporary, stored.study(), stored.series());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode found = new ObjectMapper().readTree(answer.body()).get("embedding");
      float[] expected = model.embed(SERIES)[0];
      assertThat(found).hasSize(expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertThat(found.get(i).floatValue()).isEqualTo(expected[i]);
      }
      assertThat(embed(model, archive, temporary, stored.study(), "1.2.3").statusCode())
          .isEqualTo(404);
      assertThat(
              embed(
                      model,
                      settings(orthanc, Credentials.basic("tester", "wrong")),
                      temporary,
                      stored.study(),
                      stored.series())
                  .statusCode())
          .isEqualTo(502);
      assertThat(temporary).isEmptyDirectory();
    }
  }

  private static DicomWebSettings settings(Orthanc orthanc, Credentials credentials) {
    return DicomWebSettings.of(URI.create(orthanc.address()), credentials)
        .withRetries(2, Duration.ofMillis(500));
  }

  private static HttpResponse<String> embed(
      TrainedModel model, DicomWebSettings archive, Path temporary, String study, String series)
      throws Exception {
    ServeSettings settings =
        ServeSettings.builder().port(0).temporary(temporary).archive(archive).build();
    try (T3dServer server = T3dServer.builder(model).settings(settings).start()) {
      String body =
          "{\"dicomWeb\": {\"study\": \"" + study + "\", \"series\": \"" + series + "\"}}";
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(server.address().resolve("/v1/embed"))
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
    }
  }
}

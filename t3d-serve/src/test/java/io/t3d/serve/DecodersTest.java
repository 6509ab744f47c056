package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.generate.Decoding;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masks, reports and searches are the library's. */
class DecodersTest {
  @TempDir static Path dir;
  private static TrainedModel model;
  private static ModelFolders folders;
  private static T3dServer server;
  private static Client client;
  private static byte[] volume;

  @BeforeAll
  static void start() throws IOException {
    model = Phantoms.model();
    folders = ModelFolders.make(model, dir);
    volume = Files.readAllBytes(folders.volume());
    server =
        T3dServer.builder(model)
            .settings(ServeSettings.builder().port(0).build())
            .segmenter(folders.segmenter())
            .decoder(folders.decoder())
            .gallery(List.of(folders.gallery()))
            .start();
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    assertThat(server.stop()).isTrue();
    model.close();
  }

  @Test
  void aMaskIsNiftiOnTheVolumesOwnVoxels() throws Exception {
    Client.Reply reply = client.volume("/v1/segment", volume);
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.type()).isEqualTo("application/gzip");
    Path file = Files.write(dir.resolve("mask.nii.gz"), reply.response().body());
    Volume mask = VolumeReaders.read(file);
    Volume expected = model.segment(folders.segmenter(), folders.volume());
    assertThat(mask.voxels()).containsExactly(expected.voxels());
    assertThat(mask.depth()).isEqualTo(VolumeReaders.info(folders.volume()).depth());
  }

  @Test
  void aReportIsTheLibrarys() throws Exception {
    GeneratedReport expected =
        model.generate(folders.decoder(), folders.volume(), Decoding.greedy(12));
    JsonNode found = client.volume("/v1/report?maxLength=12", volume).json();
    assertThat(found.get("text").asText()).isEqualTo(expected.text());
    assertThat(found.get("tokens").asInt()).isEqualTo(expected.tokens());
    assertThat(found.get("logProbability").asDouble()).isEqualTo(expected.logProbability());
    GeneratedReport beams =
        model.generate(folders.decoder(), folders.volume(), Decoding.beam(2, 12));
    assertThat(
            client
                .form("/v1/report", volume, "{\"maxLength\": 12, \"beams\": 2}")
                .json()
                .get("text"))
        .hasToString("\"" + beams.text() + "\"");
    assertThat(client.volume("/v1/report?maxLength=0", volume).problem(400)).contains("maxLength");
  }

  @Test
  void theGalleryIsSearchedByVolumeAndByText() throws Exception {
    List<String> reports = folders.rows().stream().map(ManifestRow::report).toList();
    List<TrainedModel.Match> byVolume = model.retrieve(folders.volume(), reports, 3);
    assertMatches(client.volume("/v1/retrieve?k=3", volume), "reports", byVolume);

    JsonNode self = client.volume("/v1/retrieve?k=1&in=volumes", volume).json();
    assertThat(self.at("/matches/0/row").asInt()).isZero();
    assertThat(self.at("/matches/0/file").asText()).isEqualTo(folders.volume().toString());

    List<Path> files = folders.rows().stream().map(ManifestRow::volume).toList();
    List<TrainedModel.Match> byText = model.retrieve("Large effusion.", files, 10);
    assertMatches(
        client.json("/v1/retrieve", "{\"text\": \"Large effusion.\"}"), "volumes", byText);
    assertThat(client.json("/v1/retrieve", "{\"text\": \"x\", \"in\": \"scans\"}").problem(400))
        .contains("volumes, reports");
    assertThat(client.json("/v1/retrieve", "{}").problem(400)).contains("no volume");
  }

  private static void assertMatches(
      Client.Reply reply, String in, List<TrainedModel.Match> expected) {
    assertThat(reply.status()).as(reply.text()).isEqualTo(200);
    assertThat(reply.json().get("in").asText()).isEqualTo(in);
    JsonNode matches = reply.json().get("matches");
    assertThat(matches).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(matches.get(i).get("row").asInt()).isEqualTo(expected.get(i).index());
      assertThat(matches.get(i).get("similarity").asDouble())
          .isCloseTo(expected.get(i).similarity(), within(1e-5));
    }
  }

  @Test
  void aFolderThatHoldsNoSegmenterIsAnErrorAtTheStart() {
    assertThatThrownBy(() -> T3dServer.builder(model).segmenter(dir).start())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No segmenter at");
  }
}

package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A series of the archive is read as the same series in a zip and in its folder. */
@Tag("itk")
class ArchiveSeriesTest {
  private static final Path GOLDEN = Path.of("../t3d-data/src/test/resources/golden/dicom");
  private static final String SERIES =
      "{\"dicomWeb\": {\"study\": \"1.2\", \"series\": \"1.2.3\"}}";

  @TempDir static Path dir;

  @Test
  void itsAnswerIsThatOfTheZipInEveryBit() throws Exception {
    Path temporary = Files.createDirectory(dir.resolve("temporary"));
    try (TrainedModel model = Phantoms.model();
        FakeArchive archive = new FakeArchive();
        T3dServer server =
            T3dServer.builder(model)
                .settings(
                    ServeSettings.builder()
                        .port(0)
                        .temporary(temporary)
                        .archive(archive.settings())
                        .build())
                .segmenter(ModelFolders.make(model, dir).segmenter())
                .start()) {
      Client client = new Client(server);
      for (String name : List.of("signed-16", "coronal", "enhanced", "random-names")) {
        Path series = GOLDEN.resolve(name);
        archive.answer = FakeArchive.series(series);
        float[] expected = model.embed(series)[0];
        Client.Reply fetched = client.json("/v1/embed", SERIES);
        assertThat(fetched.status()).as(name + fetched.text()).isEqualTo(200);
        assertThat(fetched.floats("embedding")).containsExactly(expected);
        byte[] zip = DicomZipTest.zip("", series);
        assertThat(client.volume("/v1/embed", zip).floats("embedding")).containsExactly(expected);
        assertThat(client.json("/v1/zero-shot", SERIES).text())
            .isEqualTo(client.volume("/v1/zero-shot", zip).text());
        assertThat(client.json("/v1/segment", SERIES).response().body())
            .isEqualTo(client.volume("/v1/segment", zip).response().body());
      }
      archive.answer = FakeArchive.series(GOLDEN.resolve("bad-truncated-pixels"));
      assertThat(client.json("/v1/embed", SERIES).problem(422))
          .doesNotContain(temporary.toString());
    }
    assertThat(temporary).isEmptyDirectory();
  }
}

package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A series in a zip is read as the series in its folder. */
@Tag("itk")
class DicomZipTest {
  private static final Path GOLDEN = Path.of("../t3d-data/src/test/resources/golden/dicom");

  @TempDir static Path temporary;
  private static TrainedModel model;
  private static T3dServer server;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    model = Phantoms.model();
    server =
        T3dServer.builder(model)
            .settings(ServeSettings.builder().port(0).temporary(temporary).build())
            .start();
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  static byte[] zip(String prefix, Path... series) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Path folder : series) {
        try (Stream<Path> slices = Files.list(folder)) {
          for (Path slice : slices.sorted().toList()) {
            zip.putNextEntry(
                new ZipEntry(prefix + folder.getFileName() + "/" + slice.getFileName()));
            Files.copy(slice, zip);
            zip.closeEntry();
          }
        }
      }
    }
    return out.toByteArray();
  }

  @Test
  void theSliceNamesAndFoldersOfADiscAreTaken() throws Exception {
    for (String name : List.of("signed-16", "coronal", "enhanced", "random-names")) {
      Path series = GOLDEN.resolve(name);
      float[] expected = model.embed(series)[0];
      for (String prefix : List.of("", "DICOM/ST0/")) {
        Client.Reply reply = client.volume("/v1/embed", zip(prefix, series));
        assertThat(reply.status()).as(name + reply.text()).isEqualTo(200);
        assertThat(reply.floats("embedding")).containsExactly(expected);
      }
    }
  }

  @Test
  void aBadSeriesIsAProblemInTheLibrarysWords() throws Exception {
    Path series = GOLDEN.resolve("bad-truncated-pixels");
    String library = catchThrowable(() -> model.embed(series)).getMessage();
    String words = client.volume("/v1/embed", zip("", series)).problem(422);
    assertThat(words).doesNotContain(temporary.toString());
    assertThat(words.substring(words.lastIndexOf(": ")))
        .isEqualTo(library.substring(library.lastIndexOf(": ")));
  }

  @Test
  void twoSeriesAreNotOneVolume() throws Exception {
    byte[] two = zip("", GOLDEN.resolve("signed-16"), GOLDEN.resolve("coronal"));
    assertThat(client.volume("/v1/embed", two).problem(422)).contains("2 volumes");
  }
}

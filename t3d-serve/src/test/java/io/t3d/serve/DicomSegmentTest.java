package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masks as DICOM SEG, looked at by dcmtk's dcmdump. */
@Tag("orthanc")
class DicomSegmentTest {
  private static final Path SERIES =
      Path.of("../t3d-data/src/test/resources/golden/dicom/signed-16");

  @TempDir Path dir;

  @Test
  void whoAcceptsDicomGetsASegmentationOfTheSeries() throws Exception {
    try (TrainedModel model = Phantoms.model();
        T3dServer server =
            T3dServer.builder(model)
                .settings(
                    ServeSettings.builder()
                        .port(0)
                        .temporary(Files.createDirectory(dir.resolve("tmp")))
                        .build())
                .segmenter(ModelFolders.make(model, dir).segmenter())
                .start()) {
      HttpResponse<byte[]> answer = segment(server, zip(), "application/dicom");
      assertThat(answer.statusCode())
          .as(new String(answer.body(), StandardCharsets.ISO_8859_1))
          .isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type")).contains("application/dicom");
      Path seg = Files.write(dir.resolve("seg.dcm"), answer.body());
      String dump = dump(seg);
      assertThat(dump).contains("=SegmentationStorage", "[heart]", "[bone]");
      try (Stream<Path> slices = Files.list(SERIES)) {
        String source = dump(slices.sorted().findFirst().orElseThrow());
        assertThat(dump).contains(uid(source, "StudyInstanceUID"));
        assertThat(dump).contains(uid(source, "SOPInstanceUID"));
      }
      assertThat(segment(server, zip(), "*/*").headers().firstValue("Content-Type"))
          .contains("application/gzip");
      byte[] nifti = Files.readAllBytes(ModelFolders.make(model, dir.resolve("b")).volume());
      HttpResponse<byte[]> refused = segment(server, nifti, "application/dicom");
      assertThat(refused.statusCode()).isEqualTo(406);
      assertThat(new String(refused.body(), StandardCharsets.UTF_8)).contains("zip of DICOM");
      assertThat(dir.resolve("tmp")).isEmptyDirectory();
    }
  }

  private static HttpResponse<byte[]> segment(T3dServer server, byte[] body, String accept)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.address() + "/v1/segment"))
            .header("Content-Type", "application/octet-stream")
            .header("Accept", accept)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofByteArray());
  }

  private static byte[] zip() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out);
        Stream<Path> slices = Files.list(SERIES)) {
      for (Path slice : slices.sorted().toList()) {
        zip.putNextEntry(new ZipEntry("disc/" + slice.getFileName()));
        Files.copy(slice, zip);
        zip.closeEntry();
      }
    }
    return out.toByteArray();
  }

  private static String dump(Path file) throws Exception {
    Process process =
        new ProcessBuilder("dcmdump", file.toString()).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertThat(process.waitFor()).as(text).isZero();
    return text;
  }

  private static String uid(String dump, String keyword) {
    Optional<String> line =
        dump.lines().filter(l -> l.endsWith(keyword) && l.startsWith("(")).findFirst();
    String text = line.orElseThrow();
    return text.substring(text.indexOf('[') + 1, text.indexOf(']'));
  }
}

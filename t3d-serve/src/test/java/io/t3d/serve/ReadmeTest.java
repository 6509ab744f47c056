package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.data.io.VolumeReaders;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The curl lines of the pages are answered. */
class ReadmeTest {
  private static final String ADDRESS = "http://localhost:8080";

  @TempDir static Path dir;
  private static TrainedModel model;
  private static T3dServer server;

  @BeforeAll
  static void start() throws IOException {
    model = Phantoms.model();
    ModelFolders folders = ModelFolders.make(model, dir);
    Path ct = Files.createDirectory(dir.resolve("ct"));
    Files.copy(folders.volume(), ct.resolve("study1.nii.gz"));
    server =
        T3dServer.builder(model)
            .settings(ServeSettings.builder().port(0).root(ct).build())
            .segmenter(folders.segmenter())
            .decoder(folders.decoder())
            .gallery(List.of(folders.gallery()))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  static List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String page : List.of("../README.md", "../docs/serve.md")) {
      List<String> own =
          Files.readAllLines(Path.of(page)).stream()
              .filter(line -> line.startsWith("curl ") && line.contains(ADDRESS))
              .toList();
      assertThat(own).as(page).hasSizeGreaterThan(4);
      lines.addAll(own);
    }
    return lines;
  }

  @ParameterizedTest
  @MethodSource("lines")
  void everyCurlLineIsAnswered(String line) throws Exception {
    Path out = dir.resolve("out.txt");
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                line.replace(ADDRESS, server.address().toString())
                    .replaceFirst("^curl ", "curl --fail-with-body --no-progress-meter "))
            .directory(dir.toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    assertThat(bash.waitFor(60, TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(out);
    assertThat(bash.exitValue()).as(said).isZero();
    if (line.contains("mask.nii.gz")) {
      assertThat(VolumeReaders.read(dir.resolve("mask.nii.gz")).depth()).isPositive();
    } else if (!line.contains("/metrics")) {
      JsonNode json = new ObjectMapper().readTree(said);
      assertThat(json.isObject()).as(said).isTrue();
      assertThat(json.has("detail")).as(said).isFalse();
    }
  }
}

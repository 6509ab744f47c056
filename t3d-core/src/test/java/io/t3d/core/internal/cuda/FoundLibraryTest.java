package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoundLibraryTest {
  @TempDir Path dir;

  @Test
  void theNameOfTheFileBehindTheLinkTellsTheVersion() throws IOException {
    Files.writeString(dir.resolve("libcublas.so.12.9.1.4"), "");
    Files.createSymbolicLink(dir.resolve("libcublas.so.12"), Path.of("libcublas.so.12.9.1.4"));
    assertThat(version("libcublas.so.12")).isEqualTo("12.9.1.4");
  }

  @Test
  void cudnnsHeaderTellsItWhereTheNameDoesNot() throws IOException {
    Path lib = Files.createDirectories(dir.resolve("cudnn/lib"));
    Files.writeString(lib.resolve("libcudnn.so.9"), "");
    Path include = Files.createDirectories(dir.resolve("cudnn/include"));
    Files.writeString(
        include.resolve("cudnn_version.h"),
        """
        #define CUDNN_MAJOR 9
        #define CUDNN_MINOR 5
        #define CUDNN_PATCHLEVEL 1
        #define CUDNN_VERSION (CUDNN_MAJOR * 10000 + CUDNN_MINOR * 100 + CUDNN_PATCHLEVEL)
        """);
    FoundLibrary found = FoundLibrary.in(lib, "libcudnn.so.9").orElseThrow();
    assertThat(found.version()).isEqualTo("9.5.1");
    assertThat(found.isOlderThan("9.10")).isTrue();
  }

  @Test
  void aVersionThatNothingTellsIsThatOfTheSonameAndNoReasonToRefuse() throws IOException {
    Files.writeString(dir.resolve("libcudnn.so.9"), "");
    FoundLibrary found = FoundLibrary.in(dir, "libcudnn.so.9").orElseThrow();
    assertThat(found.version()).isEqualTo("9");
    assertThat(found.isOlderThan("9.10")).isFalse();
  }

  @Test
  void versionsAreComparedByTheirNumbers() {
    assertThat(new FoundLibrary("libcudnn.so.9", dir, "9.10.2").isOlderThan("9.10")).isFalse();
    assertThat(new FoundLibrary("libcudnn.so.9", dir, "9.9.0").isOlderThan("9.10")).isTrue();
    assertThat(new FoundLibrary("libcudnn.so.9", dir, "10.0.0").isOlderThan("9.10")).isFalse();
  }

  private String version(String soname) {
    return FoundLibrary.in(dir, soname).orElseThrow().version();
  }
}

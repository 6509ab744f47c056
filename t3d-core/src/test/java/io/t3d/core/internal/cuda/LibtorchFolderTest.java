package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibtorchFolderTest {
  @TempDir Path dir;
  private Path lib;

  @BeforeEach
  void makeFolder() throws IOException {
    lib = Files.createDirectories(dir.resolve("torch/lib"));
  }

  @Test
  void theReleaseIsThatOfDjlAndOfThePresets() throws IOException {
    Properties djl = new Properties();
    try (InputStream in = LibtorchFolder.class.getResourceAsStream("/jnilib/pytorch.properties")) {
      djl.load(in);
    }
    assertThat(djl.getProperty("jni_version")).startsWith(LibtorchFolder.VERSION + "-");
    assertThat(torch.TORCH_VERSION).isEqualTo(LibtorchFolder.VERSION);
  }

  @Test
  void filesBesideTheFolderTellTheVersion() throws IOException {
    Files.writeString(
        dir.resolve("torch/version.py"), "__version__ = '2.6.0+cu124'\ndebug = False\n");
    assertThat(LibtorchFolder.version(lib)).contains("2.6.0+cu124");
    Files.writeString(dir.resolve("torch/build-version"), "2.7.1+cpu\n");
    assertThat(LibtorchFolder.version(lib)).contains("2.7.1+cpu");
  }

  @Test
  void anUnknownVersionIsNone() throws IOException {
    Files.write(lib.resolve("libtorch_cpu.so"), new byte[5000]);
    assertThat(LibtorchFolder.version(lib)).isEmpty();
    Files.writeString(dir.resolve("torch/version.py"), "debug = False\n");
    assertThat(LibtorchFolder.version(lib)).isEmpty();
  }

  @Test
  void aBuildOfTheSameReleaseFits() {
    assertThat(LibtorchFolder.fits("2.7.1")).isTrue();
    assertThat(LibtorchFolder.fits("2.7.1+cu128")).isTrue();
    assertThat(LibtorchFolder.fits("2.7.10")).isFalse();
    assertThat(LibtorchFolder.fits("2.6.0")).isFalse();
  }
}

package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PointerFilesTest {
  private static final String LFS =
      "version https://git-lfs.github.com/spec/v1\n"
          + "oid sha256:4665a5ea423c2713d436b5ee50593a9640e0018c1550b5a0002f74190d6caea8\n"
          + "size 12345\n";

  @TempDir Path dir;

  @Test
  void aPointerOfGitLfsIsNamedWithTheSizeOfItsFile() throws IOException {
    Path file = Files.writeString(dir.resolve("a.bin"), LFS);
    assertThatThrownBy(() -> PointerFiles.refuse(file))
        .isInstanceOf(IOException.class)
        .hasMessage(
            file
                + " is a Git LFS pointer, not the file of 12345 bytes that it stands for; fetch"
                + " that with: git lfs pull");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "version https://git-lfs.github.com/spec/v1\r\noid sha256:ab\r\nsize 1\r\n",
        "version https://git-lfs.github.com/spec/v1",
        "version https://hawser.github.com/spec/v1\noid sha256:ab\nsize 9\n",
        "version http://git-media.io/v/2\noid ab\nsize 9\n"
      })
  void pointersOfOtherVersionsAreKnown(String text) throws IOException {
    Path file = Files.writeString(dir.resolve("a"), text);
    assertThat(PointerFiles.problem(file).orElseThrow()).startsWith("is a Git LFS pointer");
  }

  @Test
  void aFolderInPlaceOfATextFileIsNamed() {
    assertThatThrownBy(() -> PointerFiles.readText(dir))
        .isInstanceOf(IOException.class)
        .hasMessage(dir + " is a folder, expected a text file");
  }

  @Test
  void aPointerOfGitAnnexIsNamed() throws IOException {
    Path file = Files.writeString(dir.resolve("a"), "/annex/objects/SHA256E-s9--ab.nii.gz\n");
    assertThat(PointerFiles.problem(file).orElseThrow())
        .isEqualTo(
            "is a git-annex pointer, not the file that it stands for; fetch that with: git annex"
                + " get");
  }

  @Test
  void otherFilesAndFoldersAreNoPointers() throws IOException {
    Path text = Files.writeString(dir.resolve("a"), "A version https://git-lfs.github.com/spec/v1");
    Path large = Files.writeString(dir.resolve("b"), LFS + "x".repeat(2000));
    for (Path file : new Path[] {text, large, dir, dir.resolve("missing")}) {
      assertThat(PointerFiles.problem(file)).as(file.toString()).isEmpty();
    }
  }

  @Test
  void settingsAndWeightsAskBeforeTheyParse() throws IOException {
    Path yaml = Files.writeString(dir.resolve("a.yaml"), LFS);
    assertThatThrownBy(() -> Configs.load(yaml))
        .hasMessageStartingWith(yaml + " is a Git LFS pointer");
    Path weights = Files.writeString(dir.resolve("model.safetensors"), LFS);
    try (NDManager manager = TestDevice.manager()) {
      assertThatThrownBy(() -> Safetensors.read(manager, weights))
          .hasMessageStartingWith(weights + " is a Git LFS pointer");
    }
  }

  @Test
  void textIsUtf8WithOrWithoutAByteOrderMark() throws IOException {
    Path file = Files.writeString(dir.resolve("a"), "\ufeffKüçük");
    assertThat(PointerFiles.readText(file)).isEqualTo("Küçük");
    Path latin = Files.write(dir.resolve("b"), "Küçük".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> PointerFiles.readText(latin))
        .isInstanceOf(IOException.class)
        .hasMessage(latin + " is not text in UTF-8; save it as UTF-8, or copy it again");
  }
}

package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputCheckTest {
  @TempDir Path dir;

  @Test
  void whatCanBeWrittenLeavesNothingBehind() {
    OutputCheck.folder(dir.resolve("new/deep"));
    OutputCheck.file(dir.resolve("new/a.safetensors"));
    OutputCheck.folder(dir);
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void aFileIsNoFolderAndAFolderNoFile() throws IOException {
    Path file = Files.writeString(dir.resolve("f"), "precious");
    assertThatThrownBy(() -> OutputCheck.folder(file))
        .isInstanceOf(T3dException.class)
        .hasMessage(file + " is a file, expected a folder to write to; choose another");
    assertThatThrownBy(() -> OutputCheck.folder(file.resolve("sub/out")))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            file.resolve("sub/out")
                + " cannot be written: "
                + file
                + " is a file, expected a folder");
    assertThatThrownBy(() -> OutputCheck.file(dir))
        .isInstanceOf(T3dException.class)
        .hasMessage(dir + " is a folder, expected a file to write; add a file name");
    assertThat(file).hasContent("precious");
    assertThatCode(() -> OutputCheck.file(file)).doesNotThrowAnyException();
  }

  @Test
  void aLinkToNothingIsNamed() throws IOException {
    Path link = Files.createSymbolicLink(dir.resolve("link"), dir.resolve("gone"));
    assertThatThrownBy(() -> OutputCheck.folder(link.resolve("out")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("link is a link to nothing");
  }

  @Test
  void aFolderThatTakesNoFilesIsNamed() {
    Path proc = Path.of("/proc");
    assumeTrue(Files.isDirectory(proc), "Linux has /proc, where not even root may write");
    assertThatThrownBy(() -> OutputCheck.folder(proc.resolve("t3d/out")))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith(
            proc.resolve("t3d/out") + " cannot be written: nothing can be put into " + proc);
  }
}

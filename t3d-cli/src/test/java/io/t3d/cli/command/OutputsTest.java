package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.internal.FolderLock;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command writes to is looked at before anything else: here no input exists. */
class OutputsTest {
  @TempDir Path dir;
  private Path file;

  @BeforeEach
  void writeFile() throws IOException {
    file = Files.writeString(dir.resolve("precious"), "precious");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "preprocess --manifest m.csv",
        "pretrain --manifest m.csv",
        "evaluate --checkpoint c --manifest m.csv",
        "generate --checkpoint c --manifest m.csv",
        "export --checkpoint c",
        "segment train --manifest m.csv",
        "segment evaluate --segmenter s --manifest m.csv",
        "segment predict --segmenter s --input v.nii",
        "dataset build --ct-rate ct",
        "quickstart",
        "benchmark"
      })
  void anOutputFolderThatIsAFileOrBelowOneIsRefused(String command) {
    Path below = file.resolve("out");
    CommandRun run = run(command, "--out", file);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo(
            "error: " + file + " is a file, expected a folder to write to; choose another\n");
    CommandRun deeper = run(command, "--out", below);
    assertThat(deeper.exitCode()).isEqualTo(1);
    assertThat(deeper.err())
        .isEqualTo(
            "error: " + below + " cannot be written: " + file + " is a file, expected a folder\n");
    assertThat(file).hasContent("precious");
    assertThat(dir.toFile().list()).containsExactly("precious");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "embed --checkpoint c --input v.nii --out",
        "inspect v.nii --montage",
        "evaluate --checkpoint c --manifest m.csv --page"
      })
  void anOutputFileThatIsAFolderIsRefused(String command) {
    CommandRun run = run(command, dir);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo("error: " + dir + " is a folder, expected a file to write; add a file name\n");
  }

  @Test
  void acceptingChangesIsForResumingOnly() {
    CommandRun run =
        run("pretrain --manifest m.csv --accept-changed-data --out", dir.resolve("out"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("--accept-changed-data", "needs --resume");
  }

  @Test
  void aFolderThatAnotherRunWritesIsRefusedBeforeItsVolumesAreRead() throws IOException {
    Path out = Files.createDirectories(dir.resolve("out"));
    PhantomDataset.write(dir.resolve("ct"), 10, 1);
    String manifest = " --manifest " + dir.resolve("ct/manifest.csv");
    try (FolderLock lock = FolderLock.take(out)) {
      for (String command : List.of("pretrain", "preprocess", "segment train")) {
        CommandRun run = run(command + manifest + " --out", out);
        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.err()).contains(out + " is being written by another run of t3d");
      }
    }
  }

  private static CommandRun run(String command, Object... more) {
    Object[] words = command.split(" ");
    Object[] all = java.util.Arrays.copyOf(words, words.length + more.length, Object[].class);
    System.arraycopy(more, 0, all, words.length, more.length);
    return CommandRun.of(all);
  }
}

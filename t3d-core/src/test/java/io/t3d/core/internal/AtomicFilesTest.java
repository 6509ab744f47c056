package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path dir;

  @Test
  void filesThatBelongTogetherAppearTogetherBesideOthers() throws IOException {
    Path folder = dir.resolve("new/model");
    AtomicFiles.writeTogether(folder, "b", Set.of("gone"), aside -> write(aside, "old"));
    Files.writeString(folder.resolve("notes.txt"), "mine");
    Files.writeString(folder.resolve("gone"), "of another model");

    AtomicFiles.writeTogether(folder, "b", Set.of("gone"), aside -> write(aside, "new"));

    assertThat(folder.resolve("a")).hasContent("new");
    assertThat(folder.resolve("b")).hasContent("new");
    assertThat(names(folder)).containsExactly("a", "b", "notes.txt");
  }

  @Test
  void whereOneCannotBeWrittenAllOldOnesStay() throws IOException {
    AtomicFiles.writeTogether(dir, "b", Set.of(), aside -> write(aside, "old"));

    assertThatThrownBy(
            () ->
                AtomicFiles.writeTogether(
                    dir,
                    "b",
                    Set.of("a"),
                    aside -> {
                      AtomicFiles.writeText(aside.resolve("a"), "new");
                      throw new IOException("No space left on device");
                    }))
        .hasMessage("No space left on device");

    assertThat(dir.resolve("a")).hasContent("old");
    assertThat(names(dir)).containsExactly("a", "b");
  }

  @Test
  void aFolderInAFilesPlaceIsRefusedBeforeAnyIsReplaced() throws IOException {
    AtomicFiles.writeTogether(dir, "b", Set.of(), aside -> write(aside, "old"));
    Files.delete(dir.resolve("b"));
    Files.createDirectory(dir.resolve("b"));

    assertThatThrownBy(
            () -> AtomicFiles.writeTogether(dir, "b", Set.of(), aside -> write(aside, "new")))
        .hasMessage(dir.resolve("b") + " is a folder, expected a file to write to");

    assertThat(dir.resolve("a")).hasContent("old");
  }

  @Test
  void anErrorNamesTheFileAndNotTheOneAside() {
    assertThatThrownBy(
            () ->
                AtomicFiles.writeTogether(
                    dir,
                    "b",
                    Set.of(),
                    aside ->
                        AtomicFiles.write(
                            aside.resolve("a"),
                            channel -> {
                              throw new IOException("No space left on device");
                            })))
        .hasMessage("Cannot write " + dir.resolve("a") + ": No space left on device");
  }

  private static void write(Path folder, String text) throws IOException {
    AtomicFiles.writeText(folder.resolve("a"), text);
    AtomicFiles.writeText(folder.resolve("b"), text);
  }

  private static Stream<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }
}

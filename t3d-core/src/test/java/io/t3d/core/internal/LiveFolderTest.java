package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveFolderTest {
  @TempDir Path dir;

  @Test
  void filesAndLinksAreVisitedToTheDepthAndLinksNotFollowed() throws IOException {
    Files.createDirectories(dir.resolve("a/b"));
    Files.writeString(dir.resolve("one"), "1");
    Files.writeString(dir.resolve("a/two"), "2");
    Files.writeString(dir.resolve("a/b/three"), "3");
    Files.createSymbolicLink(dir.resolve("link"), dir.resolve("a"));
    List<String> seen = new ArrayList<>();
    LiveFolder.visit(
        dir,
        2,
        (file, attributes) -> {
          if (!attributes.isDirectory()) {
            seen.add(file.getFileName() + (attributes.isSymbolicLink() ? "@" : ""));
          }
        });
    assertThat(seen).containsExactlyInAnyOrder("one", "two", "link@");
  }

  @Test
  void aFolderThatIsNotThereIsAnError() {
    assertThatThrownBy(() -> LiveFolder.visit(dir.resolve("gone"), 1, (file, attributes) -> {}))
        .isInstanceOf(NoSuchFileException.class);
  }
}

package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OsPathsTest {
  @TempDir Path temp;
  private Path dir;

  @BeforeEach
  void makeFolders() throws IOException {
    dir = temp.toRealPath();
    Files.createDirectories(dir.resolve("disk/ct/lists"));
    Files.createDirectories(dir.resolve("home"));
    Files.createSymbolicLink(dir.resolve("home/lists"), Path.of("../disk/ct/lists"));
  }

  @Test
  void withoutLinksThePathIsTheLexicalOne() {
    Path path = dir.resolve("home/./a/../b/../../disk/x.nii");
    assertThat(OsPaths.resolve(path)).isEqualTo(path.normalize());
    assertThat(OsPaths.resolve(dir.resolve("../../../../../../..").resolve("x")))
        .isEqualTo(dir.getRoot().resolve("x"));
  }

  @Test
  void twoDotsAfterALinkLeadToTheParentOfItsTarget() throws IOException {
    Files.createDirectories(dir.resolve("disk/ct/scans"));
    Path file = Files.writeString(dir.resolve("disk/ct/scans/a.nii"), "there");
    Path named = dir.resolve("home/lists/../scans/a.nii");
    assertThat(OsPaths.resolve(named)).isEqualTo(file).hasContent("there");
    assertThat(Files.isSameFile(OsPaths.resolve(named), named)).isTrue();
  }

  @Test
  void aLinkThatNothingGoesBackThroughStays() {
    assertThat(OsPaths.resolve(dir.resolve("home/lists/m.csv")))
        .isEqualTo(dir.resolve("home/lists/m.csv"));
  }

  @Test
  void aFileIsTheSameByAnyLink() throws IOException {
    Files.writeString(dir.resolve("disk/ct/lists/m.csv"), "");
    assertThat(OsPaths.identity(dir.resolve("home/lists/m.csv")))
        .isEqualTo(dir.resolve("disk/ct/lists/m.csv"));
    assertThat(OsPaths.identity(dir.resolve("home/../gone"))).isEqualTo(dir.resolve("gone"));
  }
}

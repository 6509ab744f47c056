package io.t3d.data.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.internal.format.NiftiFiles;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeReadersTest {
  @TempDir Path dir;

  @Test
  void supportIsToldByTheName() {
    assertThat(VolumeReaders.supports(Path.of("a.nii"))).isTrue();
    assertThat(VolumeReaders.supports(Path.of("A.NII.GZ"))).isTrue();
    assertThat(VolumeReaders.supports(Path.of("a.mha"))).isTrue();
    assertThat(VolumeReaders.supports(Path.of("a.nhdr"))).isTrue();
    assertThat(VolumeReaders.supports(Path.of("a.dcm"))).isTrue();
    assertThat(VolumeReaders.supports(Path.of("a.txt"))).isFalse();
    assertThat(VolumeReaders.supports(dir)).as("a folder of DICOM files").isTrue();
  }

  @Test
  void infoNamesTheReader() throws IOException {
    VolumeInfo info = VolumeReaders.info(NiftiFiles.write(dir, "a.nii", b -> {}));
    assertThat(info.reader()).isEqualTo("nifti-java");
    assertThat(info.depth()).isEqualTo(2);
  }

  @Test
  void aMissingFileIsSaidToBeMissing() {
    assertThatThrownBy(() -> VolumeReaders.read(dir.resolve("gone.nii")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("gone.nii: no such file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v.nii.gz", "v.nii", "v.hdr", "v.nrrd", "v.mha", "v.dcm", "v.npz", "v"})
  void aPointerOfGitLfsIsNamedWhateverItsEnding(String name) throws IOException {
    Path file =
        Files.writeString(
            dir.resolve(name),
            "version https://git-lfs.github.com/spec/v1\noid sha256:46\nsize 12345\n");
    String message =
        file
            + ": it is a Git LFS pointer, not the file of 12345 bytes that it stands for; fetch that"
            + " with: git lfs pull";
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> VolumeReaders.info(file)).hasMessage(message);
  }

  @Test
  void anUnknownEndingListsTheKnownOnes() throws IOException {
    Path file = Files.createFile(dir.resolve("a.txt"));
    assertThatThrownBy(() -> VolumeReaders.info(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("known endings: [")
        .hasMessageContaining(".nii, .nii.gz, .npz, .nrrd]");
  }
}

package io.t3d.data.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.format.NiftiFiles;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  @Test
  void anUnknownEndingListsTheKnownOnes() throws IOException {
    Path file = Files.createFile(dir.resolve("a.txt"));
    assertThatThrownBy(() -> VolumeReaders.info(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageContaining("known endings: [")
        .hasMessageContaining(".nii, .nii.gz, .npz, .nrrd]");
  }
}

package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A slice that is given where a series is meant; needs no natives. */
class LoneSliceTest {
  @TempDir Path dir;

  @Test
  void aSliceWithOthersBesideItIsPointedAtItsFolder() throws IOException {
    Path slice = Files.createFile(dir.resolve("1.dcm"));
    Files.createFile(dir.resolve("notes.txt"));
    assertThat(DicomReader.loneSlice(slice)).isEmpty();
    Files.createFile(dir.resolve("2.DCM"));
    assertThat(DicomReader.loneSlice(slice))
        .hasValue(
            "it is a single slice, expected a volume; 2 DICOM files lie in its folder: to read"
                + " the whole series give "
                + dir);
  }
}

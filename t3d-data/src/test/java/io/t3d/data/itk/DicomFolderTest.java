package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever lies beside slices is a slice, or known to be none, or the folder is refused. */
@Tag("itk")
class DicomFolderTest {
  private static final String NO_DICOM =
      "it is no DICOM file, or a damaged one; remove it from the folder, or copy it again";
  private static final String UNFINISHED =
      "it is an unfinished download or copy; finish it, or remove it from the folder";
  private static final String PACKED =
      "it is packed, so a slice may lack; unpack it, or remove it from the folder";

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"5.dcm", "000005.ct", "IM5", "5.mr2", "5.raw", "slice.005", ".5.dcm"})
  void aCutOrEmptySliceOfAnyEndingIsRefused(String name) throws IOException {
    slices("");
    Path file = dir.resolve(name);
    Files.write(file, Arrays.copyOf(DicomFile.slice(12.5, 0).toBytes(), 100));
    assertRefused(file, NO_DICOM);
    Files.write(file, new byte[0]);
    assertRefused(file, "it is empty (0 bytes), an unfinished copy of a slice; copy it again");
  }

  @Test
  void aTextNamedAsTheSlicesAreIsRefused() throws IOException {
    slices(".ct");
    Path file = Files.writeString(dir.resolve("5.ct"), "<html>404 Not Found</html>");
    assertRefused(file, NO_DICOM);
  }

  @Test
  void aLinkThatLeadsNowhereIsRefused() throws IOException {
    slices(".dcm");
    Path link = dir.resolve("5.dcm");
    Files.createSymbolicLink(link, Path.of("../.git/annex/objects/xx/absent.dcm"));
    assertRefused(
        link,
        "it is a link that leads nowhere, to absent.dcm; get its file (git annex get, datalad"
            + " get), or remove the link");
    assertThatThrownBy(() -> VolumeReaders.read(link))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(link + ": it is a link that leads nowhere");
  }

  @Test
  void linksToSlicesAreFollowed() throws IOException {
    Path store = Files.createDirectory(dir.resolve("store"));
    Path series = Files.createDirectory(dir.resolve("series"));
    for (int i = 0; i < 3; i++) {
      Path slice = DicomFile.slice(2.5 * i, i).write(store.resolve("x" + i));
      Files.createSymbolicLink(series.resolve(i + ".dcm"), slice);
    }
    assertThat(VolumeReaders.read(series).depth()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"5.dcm.part", "5.crdownload", "5.dcm.partial", "IM5.tmp", ".5.dcm.aB3xYz"})
  void anUnfinishedDownloadIsRefused(String name) throws IOException {
    slices(".dcm");
    Path file = Files.write(dir.resolve(name), new byte[300]);
    assertRefused(file, UNFINISHED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"5.dcm.gz", "5.gz", "IM5.bz2", "5.dcm.zip", "5.dcm.zst"})
  void aPackedSliceIsRefused(String name) throws IOException {
    slices(".dcm");
    Path file = Files.write(dir.resolve(name), new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0});
    assertRefused(file, PACKED);
  }

  @Test
  void aHiddenSliceIsRefused() throws IOException {
    slices(".dcm");
    Path file = DicomFile.slice(12.5, 0).write(dir.resolve(".5.dcm"));
    assertRefused(
        file,
        "it is a slice, but hidden by the dot that its name begins with; rename it, or remove it"
            + " from the folder");
  }

  @Test
  void aPointerOfGitLfsIsRefusedAsWhatItIs() throws IOException {
    slices(".dcm");
    String text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 524288\n";
    Path file = Files.writeString(dir.resolve("5.dcm"), text);
    assertRefused(
        file,
        "it is a pointer of Git LFS or git-annex, not the file itself; get it with git lfs pull or"
            + " git annex get");
  }

  @Test
  void aSeriesThatGoesOnInASubfolderIsRefused() throws IOException {
    slices(".dcm");
    Path more = Files.createDirectories(dir.resolve("more/of it"));
    Path file = DicomFile.slice(12.5, 0).write(more.resolve("IM5"));
    assertRefused(
        file,
        "it is of the same series as the slices in "
            + dir.getFileName()
            + "; put all slices of a series into one folder");
    DicomFile.slice(12.5, 0).text(0x0020000e, "UI", "1.2.3.9").write(file);
    assertThat(VolumeReaders.read(dir).depth()).isEqualTo(3);
  }

  @Test
  void copiesInASubfolderAreNoMoreSlices() throws IOException {
    Path copies = Files.createDirectory(dir.resolve("copies"));
    for (int i = 0; i < 3; i++) {
      DicomFile slice = DicomFile.slice(2.5 * i, i).text(0x00080018, "UI", "1.2.3.4." + i);
      slice.write(dir.resolve(i + ".dcm"));
      slice.write(copies.resolve(i + ".dcm"));
    }
    Files.createSymbolicLink(copies.resolve("up"), dir); // a circle
    assertThat(VolumeReaders.read(dir).depth()).isEqualTo(3);
  }

  @Test
  void whatALinkUpwardsLeadsToIsNotBelow() throws IOException {
    Path scan = Files.createDirectory(dir.resolve("scan"));
    for (int i = 0; i < 3; i++) {
      DicomFile.slice(2.5 * i, i).write(scan.resolve(i + ".dcm"));
    }
    DicomFile.slice(7.5, 3).write(Files.createDirectory(dir.resolve("other")).resolve("3.dcm"));
    Files.createSymbolicLink(scan.resolve("up"), dir);
    assertThat(VolumeReaders.read(scan).depth()).isEqualTo(3);
    Files.delete(scan.resolve("up"));
    Files.createSymbolicLink(scan.resolve("more"), dir.resolve("other"));
    assertThatThrownBy(() -> VolumeReaders.read(scan)).hasMessageContaining("same series");
  }

  @Test
  void knownBystandersAreLeftOut() throws IOException {
    slices("");
    for (String name :
        List.of(
            "DICOMDIR",
            "._0",
            ".DS_Store",
            "Thumbs.db",
            "README",
            "report.pdf",
            "notes.txt",
            "meta.json",
            "index.xml",
            "list.csv",
            "view.exe",
            "mask.nii.gz",
            "all.zip",
            "report.txt.gz",
            "voxels.raw",
            "viewer.dat",
            "help.chm",
            "setup.cab",
            "pair.hdr",
            "pair.img")) {
      Files.write(dir.resolve(name), new byte[] {0, 1, 2, 3});
    }
    Files.writeString(dir.resolve("settings.abc"), "of a viewer");
    Files.createFile(dir.resolve("empty.log"));
    Files.createDirectories(dir.resolve(".git/annex"));
    Files.createSymbolicLink(dir.resolve("license.txt"), Path.of("absent"));
    byte[] report =
        DicomFile.item()
            .text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.88.11")
            .text(0x0020000e, "UI", "1.2.3.4")
            .toBytes();
    Files.write(dir.resolve("SR1"), report);
    assertThat(VolumeReaders.read(dir).depth()).isEqualTo(3);
  }

  @Test
  void messagesNeverQuoteAHeader() throws IOException {
    slices(".dcm");
    byte[] cut = Arrays.copyOf(DicomFile.slice(12.5, 0).toBytes(), 330);
    assertThat(new String(cut, StandardCharsets.ISO_8859_1)).contains("Doe^Jane");
    Files.write(dir.resolve("5.ct"), cut);
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(dir.resolve("5.ct") + ": ")
        .hasMessageNotContainingAny("Doe", "Jane", "PATIENT");
  }

  private void slices(String ending) throws IOException {
    for (int i = 0; i < 3; i++) {
      DicomFile.slice(2.5 * i, 100 * i).write(dir.resolve(i + ending));
    }
  }

  private void assertRefused(Path file, String problem) {
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(file + ": " + problem);
    assertThatThrownBy(() -> VolumeReaders.info(dir)).hasMessage(file + ": " + problem);
  }
}

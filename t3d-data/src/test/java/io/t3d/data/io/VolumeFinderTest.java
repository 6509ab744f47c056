package io.t3d.data.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.DicomFile;
import io.t3d.data.manifest.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One rule for what the volumes of a folder are. */
class VolumeFinderTest {
  @TempDir Path dir;

  @Test
  void filesOfKnownEndingsAreVolumesAtAnyDepth() throws IOException {
    nifti("b.nii.gz");
    nifti("deep/er/a.nii");
    touch("deep/c.nrrd");
    touch("deep/d.MHA");
    touch("e.npz");
    touch("notes.txt");
    touch("._b.nii.gz");
    touch(".cache/x.nii.gz");
    assertThat(found())
        .containsExactly("b.nii.gz", "deep/c.nrrd", "deep/d.MHA", "deep/er/a.nii", "e.npz");
  }

  @Test
  void aPairIsOneVolume() throws IOException {
    touch("a.hdr");
    touch("a.img");
    touch("b.hdr.gz");
    touch("b.img.gz");
    touch("alone.img");
    touch("c.mhd");
    touch("c.img");
    assertThat(found()).containsExactly("a.hdr", "alone.img", "b.hdr.gz", "c.mhd");
  }

  @Test
  @Tag("itk")
  void aSeriesIsOneVolumeWhereverItLiesOnADisc() throws IOException {
    series("disc/DICOM/ST0/SE0", "IM%d", "1");
    series("disc/DICOM/ST0/SE1", "1.2.840.113.%d", "2");
    dicomdir("disc/DICOMDIR");
    touch("disc/README");
    assertThat(found()).containsExactly("disc/DICOM/ST0/SE0", "disc/DICOM/ST0/SE1");
    assertThatThrownBy(() -> VolumeReaders.read(dir.resolve("disc")))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            dir.resolve("disc")
                + ": the folder holds 2 volumes, expected one: DICOM/ST0/SE0, DICOM/ST0/SE1; name"
                + " one of them");
  }

  @Test
  @Tag("itk")
  void theOneVolumeOfADiscIsReadFromTheDisc() throws IOException {
    series("disc/DICOM/ST0/SE0", "IM%d", "1");
    dicomdir("disc/DICOMDIR");
    Path disc = dir.resolve("disc");
    assertThat(VolumeReaders.read(disc).depth()).isEqualTo(3);
    assertThat(VolumeReaders.info(disc).depth()).isEqualTo(3);
    Path csv = Files.writeString(dir.resolve("m.csv"), "volume,report\ndisc,Normal.\n");
    assertThat(Manifest.read(csv).rows().get(0).volume()).isEqualTo(disc.resolve("DICOM/ST0/SE0"));
  }

  @Test
  @Tag("itk")
  void filesThatAreWholeVolumesAreOneEach() throws IOException {
    enhanced("multi/a.dcm", "1.2.1");
    enhanced("multi/b", "1.2.2");
    assertThat(found()).containsExactly("multi/a.dcm", "multi/b");
    assertThat(VolumeReaders.read(dir.resolve("multi/b")).depth()).isEqualTo(2);
  }

  @Test
  void linksAreFollowedAndCirclesEnd() throws IOException {
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    nifti("elsewhere/a.nii.gz");
    nifti("in/b.nii.gz");
    Path in = dir.resolve("in");
    Files.createSymbolicLink(in.resolve("up"), in);
    Files.createSymbolicLink(in.resolve("more"), elsewhere);
    Files.createSymbolicLink(in.resolve("again"), elsewhere);
    Files.createSymbolicLink(in.resolve("c.nii.gz"), elsewhere.resolve("a.nii.gz"));
    assertThat(found(in)).containsExactly("again/a.nii.gz", "b.nii.gz", "c.nii.gz");
    assertThat(VolumeReaders.read(in.resolve("c.nii.gz")).depth()).isEqualTo(2);
  }

  @Test
  void preparedVolumesCountAndTheirMasksDoNot() throws IOException {
    touch("prepared/preprocessing.json");
    touch("prepared/manifest.csv");
    touch("prepared/volumes/a.zarr/.zarray");
    touch("prepared/volumes/b.zarr/.zarray");
    touch("prepared/masks/a.zarr/.zarray");
    touch("lone.zarr/.zarray");
    assertThat(found())
        .containsExactly("lone.zarr", "prepared/volumes/a.zarr", "prepared/volumes/b.zarr");
    assertThat(found(dir.resolve("prepared"))).containsExactly("volumes/a.zarr", "volumes/b.zarr");
    assertThat(found(dir.resolve("lone.zarr"))).containsExactly("");
  }

  @Test
  void whatLooksLikeAVolumeAndIsNoneIsFoundWithItsProblem() throws IOException {
    nifti("good.nii.gz");
    touch("a.nii.gz.part");
    touch(".b.nii.gz.x1Y2z3");
    touch("c.nrrd.gz");
    touch("d.nii.zst");
    Files.createSymbolicLink(dir.resolve("e.nii.gz"), Path.of("absent"));
    Files.copy(nifti("f.nii"), dir.resolve("scan"));
    Files.copy(nifti("good.nii.gz"), dir.resolve("scan_gz"));
    Files.writeString(dir.resolve("scan_meta"), "ObjectType = Image\nNDims = 3\n");
    Files.createFile(dir.resolve("IM0001"));
    touch("h/.zarray");
    touch("report.txt.part");
    String unfinished = "it is an unfinished download or copy; finish it, or remove it";
    assertThat(VolumeFinder.find(dir).stream().filter(f -> f.problem().isPresent()))
        .extracting(f -> dir.relativize(f.path()) + ": " + f.problem().orElseThrow())
        .containsExactly(
            ".b.nii.gz.x1Y2z3: " + unfinished,
            "IM0001: it is empty (0 bytes); copy it again, or remove it",
            "a.nii.gz.part: " + unfinished,
            "c.nrrd.gz: it is packed in a way that no reader knows; unpack it",
            "d.nii.zst: it is packed in a way that no reader knows; unpack it",
            "e.nii.gz: it is a link that leads nowhere, to absent; get its file (git annex get,"
                + " datalad get), or remove the link",
            "h: it is a Zarr array; its name must end with .zarr",
            "scan: it is NIfTI, but its name does not end with .nii; rename it",
            "scan_gz: it is NIfTI in gzip, but its name does not end with .nii.gz; rename it",
            "scan_meta: it is MetaImage, but its name does not end with .mha; rename it");
    assertThatThrownBy(() -> VolumeReaders.read(dir.resolve("scan")))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            dir.resolve("scan") + ": it is NIfTI, but its name does not end with .nii; rename it");
  }

  @Test
  void emptyMarksAndOtherPackedOrTemporaryFilesAreNothing() throws IOException {
    nifti("a.nii.gz");
    for (String name : List.of(".lock", "_SUCCESS", "DONE", "x.done", "_1", ".17")) {
      Files.createFile(dir.resolve(name));
    }
    touch("reports.gz");
    touch("README.part");
    touch(".ssh.config");
    touch(".notes.aB3xYz");
    assertThat(found()).containsExactly("a.nii.gz");
  }

  @Test
  void whatIsNamedAsASliceIsAProblemWhenEmptyPackedOrUnfinished() throws IOException {
    for (String name : List.of("I001", "000017", "1.2.840.113", "slice.001", "x")) {
      Files.createFile(dir.resolve(name));
    }
    touch("IM0001.gz");
    touch(".IM0002.aB3xYz");
    touch("scan.part");
    assertThat(found())
        .containsExactly(
            " 2 files, first .IM0002.aB3xYz: it is an unfinished download or copy; finish it, or"
                + " remove it",
            " 4 files, first 000017: it is empty (0 bytes); copy it again, or remove it",
            "IM0001.gz it is packed in a way that no reader knows; unpack it");
  }

  @Test
  void foldersOfFileSystemsAndWasteBasketsArePassedOver() throws IOException {
    nifti("a.nii.gz");
    nifti("lost+found/b.nii.gz");
    nifti("System Volume Information/c.nii.gz");
    nifti("#recycle/d.nii.gz");
    nifti("@Recycle/e.nii.gz");
    assertThat(found()).containsExactly("a.nii.gz");
  }

  @Test
  void voxelsThatBeginAsABareDataSetWouldAreNoDicom() throws IOException {
    nifti("a.nii.gz");
    Files.write(
        dir.resolve("voxels.raw"),
        new byte[] {8, 0, 2, 0, 0, 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 0});
    assertThat(found()).containsExactly("a.nii.gz");
  }

  @Test
  void slicesWithTheSameProblemAreOneLine() throws IOException {
    Files.createDirectory(dir.resolve("s"));
    for (int i = 0; i < 40; i++) {
      Files.createSymbolicLink(dir.resolve("s/IM" + i), Path.of("../absent"));
    }
    assertThat(VolumeFinder.find(dir))
        .singleElement()
        .satisfies(
            f -> {
              assertThat(f.path()).isEqualTo(dir.resolve("s"));
              assertThat(f.problem().orElseThrow())
                  .startsWith("40 files, first IM0: it is a link that leads nowhere");
            });
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(dir.resolve("s") + ": 40 files, first IM0");
  }

  @Test
  void aFolderWithOneFileIsThatFile() throws IOException {
    nifti("one/a.nii.gz");
    assertThat(VolumeReaders.read(dir.resolve("one")).depth()).isEqualTo(2);
    Path none = Files.createDirectory(dir.resolve("none"));
    assertThat(VolumeFinder.find(none)).isEmpty();
    assertThatThrownBy(() -> VolumeReaders.read(none))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(none + ": neither the folder nor one below it holds");
    assertThatThrownBy(() -> VolumeFinder.find(dir.resolve("absent")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private List<String> found() throws IOException {
    return found(dir);
  }

  private static List<String> found(Path root) throws IOException {
    return VolumeFinder.find(root).stream()
        .map(f -> root.relativize(f.path()).toString() + f.problem().map(p -> " " + p).orElse(""))
        .toList();
  }

  private Path nifti(String name) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    Affine affine = Affine.scaleTranslate(1, 1, 1, 0, 0, 0);
    NiftiWriter.write(file, new Volume(new float[8], 2, 2, 2, affine));
    return file;
  }

  private void touch(String name) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[] {1, 2, 3});
  }

  private void series(String folder, String pattern, String uid) throws IOException {
    Path path = Files.createDirectories(dir.resolve(folder));
    for (int i = 0; i < 3; i++) {
      DicomFile.slice(2.5 * i, 0).series("1.2.3." + uid).write(path.resolve(pattern.formatted(i)));
    }
  }

  private void enhanced(String name, String uid) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    DicomFile.twoFrames().series(uid).write(file);
  }

  private void dicomdir(String name) throws IOException {
    DicomFile.index().write(dir.resolve(name));
  }
}

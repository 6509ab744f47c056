package io.t3d.data.itk;

import io.t3d.data.io.internal.FileNames;
import io.t3d.data.io.internal.FileSign;
import io.t3d.data.io.internal.FolderWalk;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The slices of a folder. Nothing in DICOM tells how many a series has, so whatever lies beside
 * them is accounted for: it is a slice, or known to be none, or the folder is refused.
 */
final class DicomFolder {
  private final FolderWalk.Entries entries;
  private final List<DicomImage> images = new ArrayList<>();
  private final Set<String> endings = new HashSet<>();

  private DicomFolder(FolderWalk.Entries entries) {
    this.entries = entries;
  }

  /**
   * The images of a folder, itself without its subfolders.
   *
   * @throws VolumeFormatException when there is none, or a file could be a slice but cannot be
   *     read, or a series goes on in a subfolder
   */
  static List<DicomImage> images(Path folder) throws IOException {
    DicomFolder found = new DicomFolder(FolderWalk.Entries.of(folder));
    found.requireAllThere();
    List<Path> files =
        found.entries.files().stream().filter(f -> !FileNames.isMacSideFile(f)).toList();
    found.take(DicomScan.scan(files));
    found.checkSubfolders();
    return found.images;
  }

  /** The error for a file that is no DICOM image and no known bystander. */
  static VolumeFormatException noDicom(Path file) throws IOException {
    return new VolumeFormatException(
        file,
        switch (FileSign.of(file)) {
          case EMPTY -> "it is empty (0 bytes), an unfinished copy of a slice; copy it again";
          case POINTER ->
              "it is a pointer of Git LFS or git-annex, not the file itself; get it with git lfs"
                  + " pull or git annex get";
          default ->
              "it is no DICOM file, or a damaged one; remove it from the folder, or copy it again";
        });
  }

  private void requireAllThere() throws IOException {
    for (Path odd : entries.odd()) {
      if (!FileNames.isBystander(odd)) {
        throw new VolumeFormatException(odd, FolderWalk.whyOdd(odd));
      }
    }
  }

  private void take(List<DicomScan.Found> all) throws IOException {
    for (DicomScan.Found found : all) {
      if (found instanceof DicomScan.Slice slice) {
        images.add(slice.image());
        endings.add(FileNames.ending(FileNames.lower(slice.file())));
      }
    }
    for (DicomScan.Found found : all) {
      if (found instanceof DicomScan.Damaged damaged) {
        throw new VolumeFormatException(damaged.file(), damaged.reason());
      }
      if (found instanceof DicomScan.NoDicom) {
        account(found.file());
      }
      if (found instanceof DicomScan.Slice && isHidden(found.file())) {
        throw new VolumeFormatException(
            found.file(),
            "it is a slice, but hidden by the dot that its name begins with; rename it, or remove"
                + " it from the folder");
      }
    }
    if (images.isEmpty()) {
      throw new VolumeFormatException(entries.folder(), "the folder holds no DICOM image");
    }
  }

  private static boolean isHidden(Path file) {
    return FileNames.lower(file).startsWith(".");
  }

  /** Fails unless a file that is no DICOM is known to be no slice. */
  private void account(Path file) throws IOException {
    String ending = FileNames.ending(FileNames.lower(file));
    boolean asSlices = endings.contains(ending) && !(ending.isEmpty() && isHidden(file));
    boolean bystander = FileNames.isBystander(file) || FileNames.isData(file) || isDataOfPair(file);
    if (bystander && (ending.isEmpty() || !asSlices)) {
      return;
    }
    if (FileNames.unfinished(file).isPresent()) {
      throw new VolumeFormatException(
          file, "it is an unfinished download or copy; finish it, or remove it from the folder");
    }
    if (FileNames.packed(file).isPresent()) {
      throw new VolumeFormatException(
          file, "it is packed, so a slice may lack; unpack it, or remove it from the folder");
    }
    boolean text = FileSign.of(file) == FileSign.TEXT;
    if (!text || asSlices || FileNames.hasSliceEnding(file)) {
      throw noDicom(file);
    }
  }

  /** Whether it is the .img of an Analyze or NIfTI pair, whose header lies beside it. */
  private boolean isDataOfPair(Path file) {
    String name = FileNames.lower(file);
    if (!name.endsWith(".img")) {
      return false;
    }
    String header = name.substring(0, name.length() - 4) + ".hdr";
    return entries.files().stream().map(FileNames::lower).anyMatch(header::equals);
  }

  /**
   * Fails when a series of this folder goes on in a subfolder; copies of its slices may lie there.
   */
  private void checkSubfolders() throws IOException {
    Set<String> series = images.stream().map(DicomImage::series).collect(Collectors.toSet());
    Set<String> known = images.stream().map(DicomImage::sopInstance).collect(Collectors.toSet());
    known.remove("");
    for (DicomScan.Found found : DicomScan.scan(dicomBelow())) {
      if (found instanceof DicomScan.Slice slice
          && series.contains(slice.image().series())
          && !known.contains(slice.image().sopInstance())) {
        throw new VolumeFormatException(
            slice.file(),
            "it is of the same series as the slices in "
                + entries.folder().getFileName()
                + "; put all slices of a series into one folder");
      }
    }
  }

  /** Its chunks are many, and no slices. */
  private static boolean isZarr(Path folder) {
    return FileNames.lower(folder).endsWith(".zarr");
  }

  private List<Path> dicomBelow() throws IOException {
    List<Path> dicom = new ArrayList<>();
    for (FolderWalk.Entries below : FolderWalk.below(entries, DicomFolder::isZarr)) {
      for (Path file : below.files()) {
        if (!FileNames.isBystander(file) && FileSign.of(file) == FileSign.DICOM) {
          dicom.add(file);
        }
      }
    }
    return dicom;
  }
}

package io.t3d.data.io;

import io.t3d.data.io.internal.FileNames;
import io.t3d.data.io.internal.FileSign;
import io.t3d.data.io.internal.FolderWalk;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the volumes below a folder; every command and manifest uses this one rule.
 *
 * <ul>
 *   <li>A folder with DICOM images is one volume, a series; where each file in it is a series of
 *       several frames, each file is one. Folders below it are searched too: a disc's {@code
 *       DICOM/ST0/SE0} is found from the disc.
 *   <li>A file with an ending that a reader knows is one; a pair {@code .hdr} and {@code .img} is
 *       one, named by its header.
 *   <li>A {@code .zarr} folder is one; of a folder that {@code preprocess} made, the volumes count
 *       and not the masks.
 *   <li>Files of other names are told by their first bytes.
 *   <li>Links are followed, each folder once. Hidden folders are passed over.
 *   <li>What looks like a volume but cannot be one (a link that leads nowhere, an unfinished
 *       download, a packed slice) is found too, with its problem.
 * </ul>
 */
public final class VolumeFinder {
  private static final String PREPARED = "preprocessing.json";
  private static final int SHOWN = 3;

  private final List<Found> found = new ArrayList<>();

  private VolumeFinder() {}

  /**
   * A volume, or what looks like one.
   *
   * @param path a file or a folder; where all slices of a folder have the same problem, the folder
   * @param problem why it cannot be read; empty when only reading it can tell
   */
  public record Found(Path path, Optional<String> problem) {
    private static Found volume(Path path) {
      return new Found(path, Optional.empty());
    }

    private static Found bad(Path path, String problem) {
      return new Found(path, Optional.of(problem));
    }
  }

  /**
   * All volumes at a path, in the order of their paths.
   *
   * @param path a file, which is one volume, or a folder
   * @return empty when a folder holds none
   * @throws NoSuchFileException when there is nothing at the path
   */
  public static List<Found> find(Path path) throws IOException {
    requireThere(path);
    if (!Files.isDirectory(path) || VolumeReaders.isVolume(path)) {
      return List.of(Found.volume(path));
    }
    VolumeFinder finder = new VolumeFinder();
    Path root = isPrepared(path) ? path.resolve("volumes") : path;
    for (FolderWalk.Entries entries : FolderWalk.of(root, VolumeFinder::isLeaf)) {
      finder.take(entries);
    }
    finder.found.sort(Comparator.comparing(Found::path));
    return List.copyOf(finder.found);
  }

  /**
   * The one volume at a path.
   *
   * @return the path itself, or the only volume below it when it is a folder without DICOM images
   * @throws NoSuchFileException when there is nothing at the path
   * @throws VolumeFormatException when a folder holds no volume, or several
   */
  public static Path one(Path path) throws IOException {
    requireThere(path);
    if (!Files.isDirectory(path) || VolumeReaders.isVolume(path) || holdsDicom(path)) {
      return path;
    }
    List<Found> all = find(path);
    for (Found one : all) {
      if (one.problem().isPresent()) {
        throw new VolumeFormatException(one.path(), one.problem().get());
      }
    }
    if (all.size() != 1) {
      throw new VolumeFormatException(
          path,
          all.isEmpty()
              ? "neither the folder nor one below it holds a DICOM series, or a file that ends as a"
                  + " volume does; name the one that does"
              : "the folder holds "
                  + all.size()
                  + " volumes, expected one: "
                  + all.stream()
                      .limit(SHOWN)
                      .map(f -> path.relativize(f.path()).toString())
                      .collect(Collectors.joining(", "))
                  + (all.size() > SHOWN ? ", …" : "")
                  + "; name one of them");
    }
    return all.get(0).path();
  }

  private static void requireThere(Path path) throws IOException {
    if (Files.exists(path)) {
      return;
    }
    if (Files.isSymbolicLink(path)) {
      throw new VolumeFormatException(path, FolderWalk.whyOdd(path));
    }
    throw new NoSuchFileException(
        path.toString(), null, "no such file; checked as " + path.toAbsolutePath());
  }

  /** Looks no further than the first slice: a manifest asks this of each of its rows. */
  private static boolean holdsDicom(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (Files.isRegularFile(entry) && isSlice(entry)) {
          return true;
        }
      }
      return false;
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** A Zarr array that is not named as one. */
  private static boolean isUnnamedZarr(Path folder) {
    return Files.exists(folder.resolve(".zarray"));
  }

  private static boolean isPrepared(Path folder) {
    return Files.exists(folder.resolve(PREPARED)) && Files.isDirectory(folder.resolve("volumes"));
  }

  private static boolean isLeaf(Path folder) {
    // Masks of a prepared folder are no volumes.
    return VolumeReaders.isVolume(folder)
        || isUnnamedZarr(folder)
        || (isPrepared(folder.toAbsolutePath().getParent())
            && !FileNames.lower(folder).equals("volumes"));
  }

  private void take(FolderWalk.Entries entries) throws IOException {
    List<Path> slices = new ArrayList<>();
    List<Path> others = new ArrayList<>();
    for (Path file : entries.files()) {
      if (isSlice(file)) {
        slices.add(file);
      } else if (!FileNames.isMacSideFile(file)) {
        others.add(file);
      }
    }
    for (Path folder : entries.folders()) {
      if (VolumeReaders.isVolume(folder)) {
        found.add(Found.volume(folder));
      } else if (isUnnamedZarr(folder)) {
        found.add(Found.bad(folder, "it is a Zarr array; its name must end with .zarr"));
      }
    }
    if (slices.isEmpty()) {
      takeFiles(entries, others);
      return;
    }
    takeSeries(entries.folder());
    Set<Path> parts = Set.copyOf(others);
    others.stream().filter(f -> isVolume(f, parts)).map(Found::volume).forEach(found::add);
  }

  /** What lies beside the slices is for their reader to account for. */
  private void takeSeries(Path folder) throws IOException {
    if (!Locations.isLocal(folder)) {
      found.add(Found.volume(folder)); // the files' frames are not counted there
      return;
    }
    try {
      for (Path volume : VolumeReaders.readerFor(folder).volumesIn(folder)) {
        found.add(Found.volume(volume));
      }
    } catch (IOException e) {
      found.add(Found.volume(folder)); // reading it says the same
    }
  }

  private void takeFiles(FolderWalk.Entries entries, List<Path> files) throws IOException {
    Map<String, List<Path>> bad = new LinkedHashMap<>();
    for (Path odd : entries.odd()) {
      if (!FileNames.isMacSideFile(odd) && (isKnown(odd) || !FileNames.isBystander(odd))) {
        note(bad, odd, FolderWalk.whyOdd(odd));
      }
    }
    Set<Path> all = new HashSet<>(files);
    for (Path file : files) {
      if (isVolume(file, all)) {
        found.add(Found.volume(file));
      } else if (!isKnown(file)) {
        problem(file).ifPresent(why -> note(bad, file, why));
      }
    }
    bad.forEach(
        (why, same) ->
            found.add(
                same.size() == 1
                    ? Found.bad(same.get(0), why)
                    : Found.bad(
                        entries.folder(),
                        same.size() + " files, first " + same.get(0).getFileName() + ": " + why)));
  }

  /** Slices of one folder with the same problem become one line; volumes do not. */
  private void note(Map<String, List<Path>> bad, Path file, String why) {
    String inner =
        FileNames.unfinished(file).or(() -> FileNames.packed(file)).orElse(FileNames.lower(file));
    Path meant = file.resolveSibling(inner);
    if (isKnown(meant) && !FileNames.hasSliceEnding(meant)) {
      found.add(Found.bad(file, why));
    } else {
      bad.computeIfAbsent(why, w -> new ArrayList<>()).add(file);
    }
  }

  /** Whether a file is a DICOM image, or is named as one. */
  private static boolean isSlice(Path file) {
    if (FileNames.isMacSideFile(file) || FileNames.lower(file).equals("dicomdir")) {
      return false;
    }
    if (isKnown(file) || FileNames.hasSliceEnding(file)) {
      boolean named = FileNames.hasSliceEnding(file) && !isPairData(file);
      return named
          ? sign(file) != FileSign.DICOM_OTHER
          : isPairData(file) && sign(file) == FileSign.DICOM;
    }
    return sign(file) == FileSign.DICOM;
  }

  /** A file that cannot be opened is none of any kind; its reader says why. */
  private static FileSign sign(Path file) {
    try {
      return FileSign.of(file);
    } catch (IOException e) {
      return FileSign.UNKNOWN;
    }
  }

  /** Whether a reader knows the ending. */
  private static boolean isKnown(Path file) {
    return VolumeReaders.suffixes().stream().anyMatch(FileNames.lower(file)::endsWith);
  }

  /** Whether a file is a volume, or the header of one. */
  private static boolean isVolume(Path file, Set<Path> all) {
    if (!isKnown(file) || (FileNames.hasSliceEnding(file) && !isPairData(file))) {
      return false;
    }
    String name = file.getFileName().toString();
    String lower = FileNames.lower(file);
    for (String gz : List.of("", ".gz")) {
      if (lower.endsWith(".img" + gz)) {
        String stem = name.substring(0, name.length() - 4 - gz.length());
        return List.of(".hdr" + gz, ".HDR" + gz, ".mhd", ".nhdr").stream()
            .noneMatch(header -> all.contains(file.resolveSibling(stem + header)));
      }
    }
    return true;
  }

  private static boolean isPairData(Path file) {
    return FileNames.lower(file).endsWith(".img");
  }

  /** Why a file that no reader knows by its name looks like a volume all the same. */
  static Optional<String> problem(Path file) {
    Optional<String> unfinished = FileNames.unfinished(file);
    Optional<Path> inner = unfinished.or(() -> FileNames.packed(file)).map(file::resolveSibling);
    if (inner.isPresent()) {
      boolean volume = isKnown(inner.get());
      boolean slice =
          !FileNames.isBystander(file)
              && (FileNames.isNamedAsSlice(inner.get())
                  || (unfinished.isPresent() && isPlain(file, inner.get())));
      return volume || slice
          ? Optional.of(
              unfinished.isPresent()
                  ? "it is an unfinished download or copy; finish it, or remove it"
                  : "it is packed in a way that no reader knows; unpack it")
          : Optional.empty();
    }
    if (FileNames.isBystander(file)) {
      return Optional.empty();
    }
    try {
      FileSign sign = FileSign.of(file);
      // Others leave empty files, too, as marks: _SUCCESS, DONE.
      boolean mark = sign == FileSign.EMPTY && !isKnown(file) && !FileNames.isNamedAsSlice(file);
      return mark ? Optional.empty() : problem(sign);
    } catch (IOException e) {
      return Optional.of("cannot be opened: " + reason(e));
    }
  }

  /** Whether a download, but not one of rsync's hidden files, has a name without an ending. */
  private static boolean isPlain(Path file, Path inner) {
    return !FileNames.lower(file).startsWith(".")
        && FileNames.ending(FileNames.lower(inner)).isEmpty()
        && !FileNames.isBystander(inner);
  }

  /** Without the path, so that the same reason of many files is told once. */
  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String reason = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
    return reason == null ? e.getClass().getSimpleName() : reason;
  }

  private static Optional<String> problem(FileSign sign) {
    return switch (sign) {
      case NIFTI -> Optional.of("it is NIfTI, but its name does not end with .nii; rename it");
      case NIFTI_GZIP ->
          Optional.of("it is NIfTI in gzip, but its name does not end with .nii.gz; rename it");
      case META -> Optional.of("it is MetaImage, but its name does not end with .mha; rename it");
      case NRRD -> Optional.of("it is NRRD, but its name does not end with .nrrd; rename it");
      case EMPTY -> Optional.of("it is empty (0 bytes); copy it again, or remove it");
      case POINTER ->
          Optional.of(
              "it is a pointer of Git LFS or git-annex, not the file itself; get it with git lfs"
                  + " pull or git annex get");
      default -> Optional.empty();
    };
  }
}

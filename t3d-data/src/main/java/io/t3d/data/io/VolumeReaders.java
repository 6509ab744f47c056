package io.t3d.data.io;

import io.t3d.core.internal.PointerFiles;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.FileNames;
import io.t3d.data.io.internal.FileSign;
import io.t3d.data.io.internal.format.NiftiReader;
import io.t3d.data.io.internal.format.RadChestCtReader;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the reader for a path: the built-in {@link NiftiReader} and {@link RadChestCtReader} first,
 * then those that {@link ServiceLoader} finds on the class path, among them those of {@code
 * io.t3d.data.itk} for DICOM, NRRD and MetaImage.
 */
public final class VolumeReaders {
  private static final List<VolumeReader> READERS = loadAll();
  private static final Set<String> SUFFIXES = allSuffixes();

  private VolumeReaders() {}

  /**
   * Reads a volume.
   *
   * @param path a file, or a folder that holds one volume by the rule of {@link VolumeFinder}
   * @throws NoSuchFileException when there is nothing at the path
   * @throws VolumeFormatException when no reader takes it, or it is damaged
   */
  public static Volume read(Path path) throws IOException {
    Path one = VolumeFinder.one(path);
    VolumeReader reader = readerFor(one);
    return isRead(reader, one) ? reader.read(one) : LocalCopy.with(one, reader::read);
  }

  /** Reads a volume slice by slice, which saves memory; errors as in {@link #read(Path)}. */
  public static void read(Path path, SliceSink sink) throws IOException {
    Path one = VolumeFinder.one(path);
    VolumeReader reader = readerFor(one);
    if (isRead(reader, one)) {
      reader.read(one, sink);
      return;
    }
    LocalCopy.with(
        one,
        local -> {
          reader.read(local, sink);
          return true;
        });
  }

  /** Reads geometry and pixel type only; errors as in {@link #read}. */
  public static VolumeInfo info(Path path) throws IOException {
    Path one = VolumeFinder.one(path);
    VolumeReader reader = readerFor(one);
    return isRead(reader, one) ? reader.info(one) : LocalCopy.with(one, reader::info);
  }

  /** Whether a reader can open a volume where it is. */
  private static boolean isRead(VolumeReader reader, Path path) {
    return Locations.isLocal(path) || !reader.needsLocalFiles();
  }

  /** Whether a reader takes the path, told by its name, its kind or its first bytes. */
  public static boolean supports(Path path) {
    return find(path).isPresent();
  }

  /** Whether a folder is one volume by its name or kind, as .zarr is; DICOM takes any folder. */
  static boolean isVolume(Path folder) {
    return find(folder).filter(r -> !r.suffixes().contains(".dcm")).isPresent();
  }

  /** The reader of a path that is there. */
  static VolumeReader readerFor(Path path) throws IOException {
    Optional<String> pointer = PointerFiles.problem(path);
    if (pointer.isPresent()) {
      throw new VolumeFormatException(path, "it " + pointer.get());
    }
    Optional<VolumeReader> reader = find(path);
    if (reader.isPresent()) {
      return reader.get();
    }
    Optional<String> problem = VolumeFinder.problem(path);
    if (problem.isPresent()) {
      throw new VolumeFormatException(path, problem.get());
    }
    throw new VolumeFormatException(
        path,
        "no reader knows this kind of file; known endings: "
            + suffixes()
            + (READERS.size() > 2
                ? ""
                : "; those for Zarr and DICOM are missing: in a shaded jar merge META-INF/services"
                    + " (maven-shade-plugin: ServicesResourceTransformer)"));
  }

  private static Optional<VolumeReader> find(Path path) {
    boolean dicom = isDicomImg(path);
    return READERS.stream()
        .filter(r -> r.canRead(path) && !(dicom && r instanceof NiftiReader))
        .findFirst();
  }

  /** DICOM has this ending too, on some discs. */
  private static boolean isDicomImg(Path path) {
    try {
      return FileNames.lower(path).endsWith(".img") && FileSign.of(path) == FileSign.DICOM;
    } catch (IOException e) {
      return false; // its reader will say why it cannot be opened
    }
  }

  /** The endings that readers know. */
  static Set<String> suffixes() {
    return SUFFIXES;
  }

  private static Set<String> allSuffixes() {
    Set<String> all = new TreeSet<>();
    READERS.forEach(r -> all.addAll(r.suffixes()));
    return Collections.unmodifiableSet(all);
  }

  private static List<VolumeReader> loadAll() {
    List<VolumeReader> readers = new ArrayList<>();
    readers.add(new NiftiReader());
    readers.add(new RadChestCtReader());
    ServiceLoader.load(VolumeReader.class, VolumeReaders.class.getClassLoader())
        .forEach(readers::add);
    return List.copyOf(readers);
  }
}

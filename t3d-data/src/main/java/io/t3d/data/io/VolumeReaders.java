package io.t3d.data.io;

import io.t3d.core.file.PointerFiles;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.format.NiftiReader;
import io.t3d.data.io.format.RadChestCtReader;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
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

  private VolumeReaders() {}

  /**
   * Reads a volume.
   *
   * @throws NoSuchFileException when there is nothing at the path
   * @throws VolumeFormatException when no reader takes it, or it is damaged
   */
  public static Volume read(Path path) throws IOException {
    return readerFor(path).read(path);
  }

  /** Reads a volume slice by slice, which saves memory; errors as in {@link #read(Path)}. */
  public static void read(Path path, SliceSink sink) throws IOException {
    readerFor(path).read(path, sink);
  }

  /** Reads geometry and pixel type only; errors as in {@link #read}. */
  public static VolumeInfo info(Path path) throws IOException {
    return readerFor(path).info(path);
  }

  /** Whether a reader takes the path, told by its name or kind alone. */
  public static boolean supports(Path path) {
    return find(path).isPresent();
  }

  private static VolumeReader readerFor(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(
          path.toString(), null, "no such file; checked as " + path.toAbsolutePath());
    }
    Optional<String> pointer = PointerFiles.problem(path);
    if (pointer.isPresent()) {
      throw new VolumeFormatException(path, "it " + pointer.get());
    }
    Optional<VolumeReader> reader = find(path);
    if (reader.isPresent()) {
      return reader.get();
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
    return READERS.stream().filter(r -> r.canRead(path)).findFirst();
  }

  private static Set<String> suffixes() {
    Set<String> all = new TreeSet<>();
    READERS.forEach(r -> all.addAll(r.suffixes()));
    return all;
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

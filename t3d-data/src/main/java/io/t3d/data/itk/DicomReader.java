package io.t3d.data.itk;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a folder that holds one DICOM series, or a single file, through GDCM, ITK's DICOM library.
 *
 * <p>Values are {@code slope · stored + intercept}, per slice; {@code MONOCHROME1} is not inverted,
 * since that tells how to show values, not what they are.
 *
 * @see DicomSeries for folders with several series
 */
public final class DicomReader implements VolumeReader {
  static final String NAME = "itk-dicom";
  private static final Logger LOG = LoggerFactory.getLogger(DicomReader.class);
  private static final AtomicBoolean WARNED = new AtomicBoolean();
  private static final List<String> SUFFIXES = List.of(".dcm", ".dicom", ".ima");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<String> suffixes() {
    return SUFFIXES;
  }

  @Override
  public boolean canRead(Path path) {
    return Files.isDirectory(path) || VolumeReader.super.canRead(path);
  }

  @Override
  public VolumeInfo info(Path path) throws IOException {
    return series(path).info();
  }

  @Override
  public Volume read(Path path) throws IOException {
    Volume volume = series(path).read();
    if (!Files.isDirectory(path) && volume.depth() == 1) {
      loneSlice(path).filter(w -> WARNED.compareAndSet(false, true)).ifPresent(LOG::warn);
    }
    return volume;
  }

  /** What to say of a slice that was given as a volume; empty when nothing lies beside it. */
  static Optional<String> loneSlice(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    long slices;
    try (Stream<Path> files = Files.list(folder)) {
      slices = files.filter(f -> Files.isRegularFile(f) && hasSuffix(f)).count();
    }
    return slices < 2
        ? Optional.empty()
        : Optional.of(
            file
                + " is a single slice, expected a volume; "
                + slices
                + " DICOM files lie in its folder: to read the whole series give "
                + folder);
  }

  private static boolean hasSuffix(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.stream().anyMatch(name::endsWith);
  }

  private static DicomSeries series(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return DicomSeries.ofFiles(List.of(path));
    }
    List<DicomSeries> all = DicomSeries.list(path);
    if (all.size() > 1) {
      throw new VolumeFormatException(
          path,
          "the folder holds "
              + all.size()
              + " series, expected one: "
              + all.stream().map(DicomSeries::toString).collect(Collectors.joining("; "))
              + ". Read one with DicomSeries.list(folder).get(i).read(), or give each a folder");
    }
    return all.get(0);
  }
}

package io.t3d.data.itk;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.FileSign;
import io.t3d.data.io.internal.FolderWalk;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.io.spi.VolumeReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

  /** Series that a message lists at most. */
  private static final int SHOWN = 2;

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
  public boolean needsLocalFiles() {
    return true;
  }

  /** Takes folders, and files that end as DICOM does or begin as it does. */
  @Override
  public boolean canRead(Path path) {
    if (Files.isDirectory(path) || VolumeReader.super.canRead(path)) {
      return true;
    }
    try {
      return Files.isRegularFile(path) && FileSign.of(path) == FileSign.DICOM;
    } catch (IOException e) {
      return false; // who reads it will say why it cannot be
    }
  }

  /** A folder of files that each hold a whole volume is many, any other is one. */
  @Override
  public List<Path> volumesIn(Path folder) throws IOException {
    List<Path> two =
        FolderWalk.Entries.of(folder).files().stream()
            .filter(DicomReader::isDicom)
            .limit(2)
            .toList();
    if (two.size() < 2 || !allOfSeveralFrames(DicomScan.scan(two))) {
      return List.of(folder);
    }
    List<DicomSeries> all = DicomSeries.list(folder);
    return all.stream().allMatch(series -> series.files().size() == 1)
        ? all.stream().map(series -> series.files().get(0)).sorted().toList()
        : List.of(folder);
  }

  private static boolean allOfSeveralFrames(List<DicomScan.Found> files) {
    return files.stream()
        .allMatch(f -> f instanceof DicomScan.Slice slice && slice.image().frameCount() > 1);
  }

  private static boolean isDicom(Path file) {
    try {
      return FileSign.of(file) == FileSign.DICOM;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public VolumeInfo info(Path path) throws IOException {
    VolumeInfo info = series(path).info();
    if (Files.isDirectory(path) || info.depth() > 1) {
      return info;
    }
    List<String> warnings = new ArrayList<>(info.warnings());
    loneSlice(path).ifPresent(warnings::add);
    return info.withWarnings(warnings);
  }

  @Override
  public Volume read(Path path) throws IOException {
    DicomSeries series = series(path);
    Volume volume = series.read();
    series.warnings().forEach(w -> warnOnce(path + ": " + w, w));
    if (!Files.isDirectory(path) && volume.depth() == 1) {
      loneSlice(path).ifPresent(w -> warnOnce(path + " " + w, "lone slice"));
    }
    return volume;
  }

  /** Training reads a volume again and again, and a data set has many of a kind. */
  private static void warnOnce(String text, String kind) {
    if (WARNED.add(kind)) {
      LOG.warn(text);
    }
  }

  /** What to say of a slice that was given as a volume; empty when nothing lies beside it. */
  static Optional<String> loneSlice(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    long slices;
    try (Stream<Path> files = Files.list(folder)) {
      slices = files.filter(f -> Files.isRegularFile(f) && (hasSuffix(f) || isDicom(f))).count();
    }
    return slices < 2
        ? Optional.empty()
        : Optional.of(
            "it is a single slice, expected a volume; "
                + slices
                + " DICOM files lie in its folder: to read the whole series give "
                + folder);
  }

  private static boolean hasSuffix(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return SUFFIXES.stream().anyMatch(name::endsWith);
  }

  static DicomSeries series(Path path) throws IOException {
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
              + all.stream()
                  .limit(SHOWN)
                  .map(DicomSeries::toString)
                  .collect(Collectors.joining("; "))
              + (all.size() > SHOWN ? "; …" : "")
              + "; give each series a folder (in Java: DicomSeries.list)");
    }
    return all.get(0);
  }
}

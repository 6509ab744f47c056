package io.t3d.data.itk;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.ItkMissingException;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * One DICOM series: its files and how to read them. It shows nothing that names a patient: the
 * series' UID is known by a part of its SHA-256 only.
 *
 * <pre>{@code
 * for (DicomSeries series : DicomSeries.list(folder)) {
 *   System.out.println(series);      // series 3, CT, 120 images of 512 x 512, id 5f0c2a9be1d4
 *   Volume volume = series.read();
 * }
 * }</pre>
 */
public final class DicomSeries {
  private final Path place;
  private final List<DicomImage> images;

  private DicomSeries(Path place, List<DicomImage> images) {
    this.place = place;
    this.images = List.copyOf(images);
  }

  /**
   * The series of a folder, without its subfolders, in the order of their numbers. Files that are
   * known to be no images, such as DICOMDIR or a text file, are left out.
   *
   * @throws VolumeFormatException when there is no image, or a file that could be one but cannot be
   *     read, or a series goes on in a subfolder
   * @throws ItkMissingException when ITK's natives are not on the class path
   */
  public static List<DicomSeries> list(Path folder) throws IOException {
    Map<String, List<DicomImage>> bySeries = new LinkedHashMap<>();
    for (DicomImage image : DicomFolder.images(folder)) {
      bySeries.computeIfAbsent(image.series(), uid -> new ArrayList<>()).add(image);
    }
    return bySeries.values().stream()
        .map(images -> new DicomSeries(folder, images))
        .sorted(Comparator.comparingInt(s -> s.number().orElse(Integer.MAX_VALUE)))
        .toList();
  }

  /**
   * A volume's files, chosen by the caller; they may lie in several folders.
   *
   * @throws VolumeFormatException when one is no DICOM image
   * @throws IllegalArgumentException when there is no file
   */
  public static DicomSeries ofFiles(List<Path> files) throws IOException {
    if (files.isEmpty()) {
      throw new IllegalArgumentException("A series needs at least one file, got none");
    }
    Path place = files.size() == 1 ? files.get(0) : files.get(0).toAbsolutePath().getParent();
    return new DicomSeries(place, DicomScan.files(files));
  }

  /**
   * The series of a folder that holds one, or of a file.
   *
   * @throws VolumeFormatException when there is no image, or a folder holds several series
   * @throws ItkMissingException when ITK's natives are not on the class path
   */
  public static DicomSeries only(Path path) throws IOException {
    return DicomReader.series(path);
  }

  /**
   * Its slices, in the order in which {@link #read()} stacks them: slice z of the volume is entry
   * z. They name DICOM's identifiers, which belong into no message and no log.
   *
   * @throws VolumeFormatException when the images do not form one regular grid, or are of several
   *     series: what refers to them names one
   */
  public List<DicomSlice> slices() throws IOException {
    if (images.stream().map(DicomImage::series).distinct().count() > 1) {
      throw new VolumeFormatException(
          place, "its files are of several series; give those of one (DicomSeries.list)");
    }
    return DicomGeometry.of(place, images).frames().stream().map(DicomSlice::of).toList();
  }

  /** The series number, if the files tell one. */
  public OptionalInt number() {
    int number = images.get(0).seriesNumber();
    return number < 0 ? OptionalInt.empty() : OptionalInt.of(number);
  }

  /** {@code CT}, {@code MR}, …; empty when the files do not tell. */
  public String modality() {
    return images.get(0).modality();
  }

  /** How many images (slices, frames) it has. */
  public int size() {
    return images.stream().mapToInt(DicomImage::frameCount).sum();
  }

  /** Voxels per image column. */
  public int height() {
    return images.get(0).rows();
  }

  /** Voxels per image row. */
  public int width() {
    return images.get(0).columns();
  }

  /** Its files, in the order of their names. */
  public List<Path> files() {
    return images.stream().map(DicomImage::file).toList();
  }

  /** Twelve hexadecimal digits that tell this series from others. */
  public String id() {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(images.get(0).series().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  /**
   * Geometry and pixel type, from the headers.
   *
   * @throws VolumeFormatException when the images do not form one regular grid
   */
  public VolumeInfo info() throws IOException {
    DicomGeometry geometry = DicomGeometry.of(place, images);
    return new VolumeInfo(
        geometry.frames().size(),
        height(),
        width(),
        geometry.affine(),
        images.get(0).type().label(),
        DicomReader.NAME,
        modality(),
        warnings());
  }

  /** What is odd about it though it can be read, one sentence each. */
  public List<String> warnings() {
    DicomFrame frame = images.get(0).frames().isEmpty() ? null : images.get(0).frames().get(0);
    if (frame == null || !modality().equals("CT") || (frame.hasSlope() && frame.hasIntercept())) {
      return List.of();
    }
    return List.of(
        "its CT slices lack Rescale Slope or Intercept, so its values are taken as stored and may"
            + " be no HU; give a slope and an intercept in the manifest if you know them");
  }

  /**
   * Reads the voxels, rescaled slice by slice (HU for CT).
   *
   * @throws VolumeFormatException when the images do not form one regular grid, or one is damaged
   */
  public Volume read() throws IOException {
    return DicomVoxels.read(place, DicomGeometry.of(place, images));
  }

  @Override
  public String toString() {
    return "series "
        + (number().isPresent() ? number().getAsInt() : "without number")
        + ", "
        + (modality().isEmpty() ? "unknown modality" : modality())
        + ", "
        + size()
        + (size() == 1 ? " image of " : " images of ")
        + width()
        + " x "
        + height()
        + ", id "
        + id();
  }
}

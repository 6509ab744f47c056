package io.t3d.data.internal.survey;

import io.t3d.core.volume.Spacing;
import io.t3d.data.io.spi.VolumeInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a survey says of one volume; texts as they stand in the table.
 *
 * @param path where it lies
 * @param kind the format, and the modality where the file tells it: {@code DICOM CT}, {@code NIfTI}
 * @param size {@code 512 x 512 x 120} voxels (x, y, z); empty when its header cannot be read
 * @param spacing {@code 0.7 x 0.7 x 2.5} mm (x, y, z); likewise
 * @param orientation axis codes such as {@code LPS}; likewise
 * @param range smallest and largest finite value, with the unit HU where the values are in HU;
 *     empty when the voxels cannot be read
 * @param slices voxels along z; empty when its header cannot be read
 * @param verdict whether it can be used
 * @param message what is odd or wrong; empty when nothing is
 */
public record SurveyRow(
    String path,
    String kind,
    String size,
    String spacing,
    String orientation,
    String range,
    String slices,
    Verdict verdict,
    String message) {
  private static final int LONGEST_MESSAGE = 300;

  /** Air in HU is about −1000; a scan whose values all lie above this is not in HU. */
  private static final double LEAST_AIR = -200;

  /** Padding outside the scanner's circle is −3024 at least. */
  private static final double LEAST_PADDING = -4096;

  private static final int FEW_SLICES = 8;
  private static final double SMALL_MM = 0.1;
  private static final double LARGE_MM = 10;

  private static final Map<String, String> ENDINGS =
      Map.of(
          ".*\\.(nii|hdr|img)(\\..*)?", "NIfTI",
          ".*\\.(nrrd|nhdr)(\\..*)?", "NRRD",
          ".*\\.(mha|mhd)(\\..*)?", "MetaImage",
          ".*\\.npz", "RAD-ChestCT");

  /** Whether a volume can be used. */
  public enum Verdict {
    /** It can be read, and nothing is odd. */
    OK,
    /** It can be read, but look at it before you use it. */
    WARNING,
    /** It cannot be used. */
    ERROR;

    /** As it stands in the table. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Of a volume whose header cannot be read. */
  static SurveyRow unreadable(Path path, String why) {
    return new SurveyRow(
        oneLine(path.toString()),
        kind(path),
        "",
        "",
        "",
        "",
        "",
        Verdict.ERROR,
        message(path, why));
  }

  /** Of a volume whose voxels cannot be read. */
  static SurveyRow unreadable(Path path, VolumeInfo info, String why) {
    return of(path, info, "", Verdict.ERROR, message(path, why));
  }

  /** Of a volume that was read. */
  static SurveyRow of(Path path, VolumeInfo info, SurveyValues values) {
    Optional<String> error = values.error();
    boolean hu = isHu(info, values);
    String range =
        values.isEmpty()
            ? ""
            : number(values.minimum()) + " to " + number(values.maximum()) + (hu ? " HU" : "");
    if (error.isPresent()) {
      return of(path, info, range, Verdict.ERROR, error.get());
    }
    List<String> odd = odd(info, values);
    Verdict verdict = odd.isEmpty() ? Verdict.OK : Verdict.WARNING;
    return of(path, info, range, verdict, message(path, String.join("; ", odd)));
  }

  private static SurveyRow of(
      Path path, VolumeInfo info, String range, Verdict verdict, String message) {
    Spacing s = info.affine().spacing();
    return new SurveyRow(
        oneLine(path.toString()),
        kind(info),
        info.width() + " x " + info.height() + " x " + info.depth(),
        number(s.x()) + " x " + number(s.y()) + " x " + number(s.z()),
        info.affine().orientation(),
        range,
        Integer.toString(info.depth()),
        verdict,
        message);
  }

  private static String kind(VolumeInfo info) {
    String format =
        switch (info.reader()) {
          case "nifti-java", "itk-nifti" -> "NIfTI";
          case "itk-dicom" -> "DICOM";
          case "itk-nrrd" -> "NRRD";
          case "itk-meta" -> "MetaImage";
          case "zarr-java" -> "Zarr";
          case "rad-chestct-npz" -> "RAD-ChestCT";
          default -> info.reader();
        };
    return (format + " " + info.modality()).strip();
  }

  /** As its name tells, of what cannot be opened. */
  private static String kind(Path path) {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".zarr")) {
      return "Zarr";
    }
    if (Files.isDirectory(path)) {
      return "DICOM";
    }
    return ENDINGS.entrySet().stream()
        .filter(e -> name.matches(e.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("DICOM");
  }

  private static boolean mayBeCt(VolumeInfo info) {
    return info.modality().isEmpty() || info.modality().equals("CT");
  }

  /** Whether the values are in HU, as far as they tell. */
  private static boolean isHu(VolumeInfo info, SurveyValues values) {
    return mayBeCt(info) && values.minimum() <= LEAST_AIR;
  }

  private static List<String> odd(VolumeInfo info, SurveyValues values) {
    List<String> odd = new ArrayList<>(info.warnings());
    if (mayBeCt(info) && !isHu(info, values)) {
      odd.add(
          values.minimum() >= 0 && values.maximum() <= 1
              ? "all values lie in 0 to 1, as of a mask or a prepared volume"
              : "no value is as low as air (-1000 HU): a mask, or slope and intercept are missing");
    }
    if (values.minimum() < LEAST_PADDING) {
      odd.add("values far below air (-1000 HU): padding, or another byte order or type");
    }
    if (info.depth() < FEW_SLICES) {
      odd.add(
          "only "
              + info.depth()
              + (info.depth() == 1 ? " slice" : " slices")
              + ": a localizer, or most slices are missing");
    }
    Spacing s = info.affine().spacing();
    double least = Math.min(s.x(), Math.min(s.y(), s.z()));
    double most = Math.max(s.x(), Math.max(s.y(), s.z()));
    if (least < SMALL_MM || most > LARGE_MM) {
      odd.add("an unusual spacing: it may not be in mm");
    }
    return odd;
  }

  /** A message in one line, without the path that has a column of its own. */
  private static String message(Path path, String text) {
    String line = oneLine(text);
    for (String prefix : List.of(path + ": ", path + path.getFileSystem().getSeparator())) {
      line = line.startsWith(prefix) ? line.substring(prefix.length()) : line;
    }
    return line.length() > LONGEST_MESSAGE ? line.substring(0, LONGEST_MESSAGE - 1) + "…" : line;
  }

  /** A text without line breaks, so that a row is a line. */
  static String oneLine(String text) {
    return text.replaceAll("\\R", " ");
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.replaceAll("0+$", "").replaceAll("\\.$", "").replaceAll("^-0$", "0");
  }
}

package io.t3d.data.manifest;

import com.google.common.base.Splitter;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.data.io.internal.VoxelSize;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A {@link Calibration} in the cells of a manifest. */
final class CalibrationCells {
  private CalibrationCells() {}

  /** Reads the cells by the names of their columns; missing and empty ones change nothing. */
  static Calibration parse(Map<String, String> cells) {
    return new Calibration(
        number(Columns.SLOPE, cells, 1),
        number(Columns.INTERCEPT, cells, 0),
        spacing(cells.getOrDefault(Columns.SPACING, "")));
  }

  /** The cells of slope, intercept and spacing. */
  static List<String> print(Calibration c) {
    return List.of(
        c.slope() == 1 ? "" : text(c.slope()),
        c.intercept() == 0 ? "" : text(c.intercept()),
        c.spacing().map(s -> text(s.x()) + " " + text(s.y()) + " " + text(s.z())).orElse(""));
  }

  private static double number(String column, Map<String, String> cells, double ifEmpty) {
    String cell = cells.getOrDefault(column, "");
    if (cell.isEmpty()) {
      return ifEmpty;
    }
    try {
      return Double.parseDouble(cell);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          column + " must be a number or empty, got \"" + cell + "\"", e);
    }
  }

  private static Optional<Spacing> spacing(String cell) {
    if (cell.isEmpty()) {
      return Optional.empty();
    }
    Spacing spacing = lengths(cell);
    Optional<String> impossible = VoxelSize.problem(Affine.of(spacing));
    if (impossible.isPresent()) {
      throw new IllegalArgumentException("spacing " + impossible.get());
    }
    return Optional.of(spacing);
  }

  private static Spacing lengths(String cell) {
    List<String> parts = Splitter.on(' ').omitEmptyStrings().splitToList(cell);
    try {
      if (parts.size() == 3) {
        double x = Double.parseDouble(parts.get(0));
        double y = Double.parseDouble(parts.get(1));
        double z = Double.parseDouble(parts.get(2));
        return new Spacing(z, y, x);
      }
    } catch (IllegalArgumentException e) {
      // Falls through: one text for all that is wrong with it.
    }
    throw new IllegalArgumentException(
        "spacing must be three lengths > 0 mm, \"x y z\", or empty, got \"" + cell + "\"");
  }

  private static String text(double v) {
    return v == Math.rint(v) && Math.abs(v) < 1e9 ? Long.toString((long) v) : Double.toString(v);
  }
}

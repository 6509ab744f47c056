package io.t3d.data.phantom;

import java.util.Objects;
import java.util.Optional;

/**
 * One lesion of a phantom. A study with three nodules has three of them.
 *
 * @param kind what it is
 * @param side where, as the patient has it
 * @param lobe the lobe, where the finding belongs to one
 * @param severity how much of it
 * @param sizeMm nodule: diameter; effusion, pneumothorax and atelectasis: greatest thickness;
 *     consolidation: diameter of its core; cardiomegaly: width of the heart; otherwise 0
 * @param center its centroid in the world, mm, RAS+
 */
public record Finding(
    FindingKind kind,
    Side side,
    Optional<Lobe> lobe,
    Severity severity,
    double sizeMm,
    Point center) {
  /**
   * A point in the world, mm, RAS+.
   *
   * @param x to the patient's right
   * @param y anterior
   * @param z superior
   */
  public record Point(double x, double y, double z) {}

  /** Checks that nothing is missing and that lobe and side agree. */
  public Finding {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(side, "side");
    Objects.requireNonNull(severity, "severity");
    Objects.requireNonNull(center, "center");
    if (lobe.isPresent() && lobe.get().side() != side) {
      throw new IllegalArgumentException(
          "A finding's side must be its lobe's, got " + side + " and " + lobe.get());
    }
  }

  public static Finding planned(FindingKind kind, Side side, Severity severity, double sizeMm) {
    return new Finding(kind, side, Optional.empty(), severity, sizeMm, new Point(0, 0, 0));
  }

  public Finding in(Lobe newLobe) {
    return new Finding(kind, newLobe.side(), Optional.of(newLobe), severity, sizeMm, center);
  }

  public Finding at(Point newCenter) {
    return new Finding(kind, side, lobe, severity, sizeMm, newCenter);
  }
}

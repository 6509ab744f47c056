package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Lobe;
import io.t3d.data.phantom.Side;
import java.util.List;

/**
 * The shapes of one scan in the patient's frame, mm: where the chest wall, the diaphragm, the lobes
 * and the organs are. Findings that move organs are part of it: a large heart, a raised
 * hemidiaphragm.
 */
final class Anatomy {
  private static final double DOME = 42;
  private static final double RIGHT_DOME_HIGHER = 12;
  private static final double RAISED_BY_ATELECTASIS = 24;
  private static final double TAPER = 85;

  final Physique physique;
  final double apex;
  final double base;
  final double heartX;
  final double heartY;
  final double heartZ;
  final double heartRx;
  final double heartRy;
  final double heartRz;
  private final double raisedRight;
  private final double raisedLeft;

  Anatomy(Physique physique, double inspiration, List<Finding> findings) {
    this.physique = physique;
    double s = physique.size();
    apex = 125 * s;
    base = apex - s * (200 + 60 * inspiration);
    raisedRight = raised(findings, Side.RIGHT);
    raisedLeft = raised(findings, Side.LEFT);
    double healthy = 2 * physique.halfWidth() * physique.heartRatio();
    double width =
        findings.stream()
            .filter(f -> f.kind() == FindingKind.CARDIOMEGALY)
            .mapToDouble(Finding::sizeMm)
            .findFirst()
            .orElse(healthy);
    heartRx = width / 2;
    heartRy = 0.36 * healthy + 0.1 * width;
    heartRz = 0.3 * healthy + 0.14 * width;
    heartX = -physique.heartShift() - 0.25 * (width - healthy);
    heartY = 0.2 * physique.halfDepth();
    heartZ = base + DOME + 0.7 * heartRz;
  }

  private static double raised(List<Finding> findings, Side side) {
    boolean collapsed =
        findings.stream().anyMatch(f -> f.kind() == FindingKind.ATELECTASIS && f.side() == side);
    return collapsed ? RAISED_BY_ATELECTASIS : 0;
  }

  static Side sideOf(double x) {
    return x > 0 ? Side.RIGHT : Side.LEFT;
  }

  /** The factor of the chest cavity's half axes at this height: 1 below, 0 from the apex on. */
  double taper(double z) {
    double t = 1 - (apex - z) / (TAPER * physique.size());
    return t <= 0 ? 1 : t >= 1 ? 0 : Math.sqrt(1 - t * t);
  }

  /** Distance from the cavity's axis over that of its wall: below 1 inside. */
  double cavityRadius(double x, double y, double z) {
    double f = taper(z);
    return f == 0
        ? Double.POSITIVE_INFINITY
        : Math.hypot(x / physique.halfWidth(), y / physique.halfDepth()) / f;
  }

  /** Depth below the cavity's posterior wall along y; negative outside. */
  double aboveBack(double x, double y, double z) {
    return y + wallY(x, z);
  }

  /** Half the cavity's extent along y. */
  private double wallY(double x, double z) {
    double f = taper(z);
    double u = x / Math.max(1e-6, f * physique.halfWidth());
    return f * physique.halfDepth() * Math.sqrt(Math.max(0, 1 - u * u));
  }

  /** Height of the diaphragm. */
  double diaphragm(double x, double y) {
    double a = physique.halfWidth();
    double b = physique.halfDepth();
    boolean right = x > 0;
    double dome = DOME + (right ? RIGHT_DOME_HIGHER + raisedRight : raisedLeft);
    double u = (Math.abs(x) - 0.5 * a) / (0.55 * a);
    double v = (y - 0.1 * b) / b;
    return base + dome * (1 - 0.8 * u * u - 0.9 * v * v);
  }

  /** Whether the point lies in the pleural space: lung, if it is aerated. */
  boolean inPleura(double x, double y, double z) {
    return cavityRadius(x, y, z) < 1
        && z > diaphragm(x, y)
        && !inMediastinum(x, y)
        && !inHeart(x, y, z)
        && !nearSpine(x, y, 24);
  }

  private boolean inMediastinum(double x, double y) {
    double anterior = Math.min(1, Math.max(0, y / physique.halfDepth()));
    return Math.abs(x) < physique.size() * (27 - 14 * anterior);
  }

  boolean inHeart(double x, double y, double z) {
    double u = (x - heartX) / heartRx;
    double v = (y - heartY) / heartRy;
    double w = (z - heartZ) / heartRz;
    return u * u + v * v + w * w < 1;
  }

  boolean nearSpine(double x, double y, double radius) {
    double r = radius * physique.size();
    double dy = y + physique.halfDepth() - 2;
    return x * x + dy * dy < r * r;
  }

  /** The lobe of a point in the pleural space. */
  Lobe lobeAt(double x, double y, double z) {
    double middle = base + 0.45 * (apex - base);
    boolean lower = z < middle - 0.85 * y;
    if (x <= 0) {
      return lower ? Lobe.LEFT_LOWER : Lobe.LEFT_UPPER;
    }
    return lower ? Lobe.RIGHT_LOWER : z < middle ? Lobe.RIGHT_MIDDLE : Lobe.RIGHT_UPPER;
  }

  /** 0 at the base of the lungs, 1 at the apex. */
  double heightInLung(double z) {
    return (z - base) / (apex - base);
  }

  /** The centre line of the aorta: root, arch, descending part. */
  double[][] aorta() {
    double s = physique.size();
    double back = -physique.halfDepth() + 36 * s;
    return new double[][] {
      {10 * s, 22 * s, heartZ},
      {14 * s, 20 * s, 48 * s},
      {2 * s, 2 * s, 66 * s},
      {-18 * s, back + 8 * s, 58 * s},
      {-22 * s, back, 40 * s},
      {-14 * s, back, base - 60}
    };
  }

  /** Distance of a point from a segment, mm. */
  static double distance(double x, double y, double z, double[] p, double[] q) {
    double dx = q[0] - p[0];
    double dy = q[1] - p[1];
    double dz = q[2] - p[2];
    double along = (x - p[0]) * dx + (y - p[1]) * dy + (z - p[2]) * dz;
    double t = Math.min(1, Math.max(0, along / (dx * dx + dy * dy + dz * dz)));
    double ex = x - p[0] - t * dx;
    double ey = y - p[1] - t * dy;
    double ez = z - p[2] - t * dz;
    return Math.sqrt(ex * ex + ey * ey + ez * ez);
  }

  /** Distance of two points, mm. */
  static double length(double[] p, double[] q) {
    return Math.sqrt(
        (p[0] - q[0]) * (p[0] - q[0])
            + (p[1] - q[1]) * (p[1] - q[1])
            + (p[2] - q[2]) * (p[2] - q[2]));
  }
}

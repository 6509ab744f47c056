package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Lobe;
import io.t3d.data.phantom.Side;
import io.t3d.data.phantom.Structure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/** Paints planned findings over the organs and reports where they came to lie. */
final class FindingPainter {
  /** Pleural findings first: lesions of the lung are then placed in what is still aerated. */
  private static final List<FindingKind> ORDER =
      List.of(
          FindingKind.CARDIOMEGALY,
          FindingKind.PLEURAL_EFFUSION,
          FindingKind.PNEUMOTHORAX,
          FindingKind.ATELECTASIS,
          FindingKind.CONSOLIDATION,
          FindingKind.NODULE,
          FindingKind.CALCIFICATION,
          FindingKind.EMPHYSEMA);

  private static final int CANDIDATES = 60;

  private final Canvas canvas;
  private final Anatomy anatomy;
  private final Acquisition acquisition;
  private final RandomGenerator random;

  FindingPainter(Canvas canvas, Anatomy anatomy, Acquisition acquisition, RandomGenerator random) {
    this.canvas = canvas;
    this.anatomy = anatomy;
    this.acquisition = acquisition;
    this.random = random;
  }

  /** Paints all; the result is in the order of painting. */
  List<Finding> paint(List<Finding> planned) {
    List<Finding> painted = new ArrayList<>();
    planned.stream()
        .sorted(Comparator.comparingInt(f -> ORDER.indexOf(f.kind())))
        .forEach(f -> painted.add(paint(f)));
    return painted;
  }

  private Finding paint(Finding finding) {
    return switch (finding.kind()) {
      case CARDIOMEGALY ->
          finding.at(world(anatomy.heartX, anatomy.heartY, anatomy.heartZ)); // it is the anatomy
      case PLEURAL_EFFUSION -> paintEffusion(finding);
      case PNEUMOTHORAX -> paintPneumothorax(finding);
      case ATELECTASIS -> paintAtelectasis(finding);
      case CONSOLIDATION -> paintConsolidation(finding);
      case NODULE -> paintNodule(finding);
      case CALCIFICATION -> paintCalcification(finding);
      case EMPHYSEMA -> paintEmphysema(finding);
    };
  }

  /** Fluid lies at the back, highest at the base, and climbs a little along the wall. */
  private Finding paintEffusion(Finding finding) {
    double reach = 0.45 + 0.2 * finding.severity().ordinal();
    double value = random.nextDouble(5, 22);
    Centroid centroid = new Centroid();
    canvas.forEach(
        (index, x, y, z) -> {
          if (Anatomy.sideOf(x) != finding.side() || !canvas.isAerated(index)) {
            return;
          }
          double fill = 1 - Math.max(0, anatomy.heightInLung(z)) / reach;
          double wall = anatomy.cavityRadius(x, y, z);
          double meniscus = y < 0 && wall > 0.9 ? 8 : 0;
          if (fill > 0
              && anatomy.aboveBack(x, y, z) < finding.sizeMm() * Math.sqrt(fill) + meniscus) {
            canvas.set(index, Structure.PLEURAL_EFFUSION, value);
            centroid.add(x, y, z);
          }
        });
    return finding.at(centroid.world());
  }

  /** Air gathers at the front and the apex of a patient who lies on the back. */
  private Finding paintPneumothorax(Finding finding) {
    Physique p = anatomy.physique;
    double shift = 0.5 * p.halfDepth();
    Centroid centroid = new Centroid();
    canvas.forEach(
        (index, x, y, z) -> {
          if (Anatomy.sideOf(x) != finding.side() || !canvas.isAerated(index)) {
            return;
          }
          double taper = anatomy.taper(z);
          double edge =
              Math.hypot(
                  x / (taper * p.halfWidth()), (y + shift) / (taper * p.halfDepth() + shift));
          double apical = Math.max(0, anatomy.heightInLung(z) - 0.6);
          double thickness = finding.sizeMm() * (0.8 + apical);
          if (edge > 1 - thickness / p.halfWidth() && y > -0.25 * p.halfDepth()) {
            canvas.set(index, Structure.PNEUMOTHORAX, OrganPainter.AIR);
            centroid.add(x, y, z);
          }
        });
    return finding.at(centroid.world());
  }

  private Finding paintAtelectasis(Finding finding) {
    double value = 35 + 0.4 * acquisition.contrast();
    double front = 0.45 * anatomy.physique.halfDepth();
    Texture texture = new Texture(random.nextLong(), 28);
    Centroid centroid = new Centroid();
    canvas.forEach(
        (index, x, y, z) -> {
          double above = z - anatomy.diaphragm(x, y);
          if (Anatomy.sideOf(x) == finding.side()
              && y < front
              && above < finding.sizeMm() * (0.8 + 0.4 * texture.at(x, y, z))
              && canvas.isAerated(index)) {
            canvas.set(index, Structure.ATELECTASIS, value);
            centroid.add(x, y, z);
          }
        });
    return finding.at(centroid.world());
  }

  /** A core with a ragged, partly aerated margin that stops at the fissure. */
  private Finding paintConsolidation(Finding finding) {
    double radius = finding.sizeMm() / 2;
    double[] center = place(finding.side(), radius);
    Lobe lobe = anatomy.lobeAt(center[0], center[1], center[2]);
    Texture texture = new Texture(random.nextLong(), 14);
    Centroid centroid = new Centroid();
    canvas.near(
        center[0],
        center[1],
        center[2],
        1.5 * radius,
        (index, x, y, z) -> {
          double r = Anatomy.length(new double[] {x, y, z}, center) / radius;
          double filling = 1.9 - 1.5 * r + 0.9 * (texture.at(x, y, z) - 0.5);
          if (filling > 0.5 && canvas.isAerated(index) && anatomy.lobeAt(x, y, z) == lobe) {
            double value = -260 + 290 * Math.min(1, filling);
            canvas.set(index, Structure.CONSOLIDATION, Math.max(value, canvas.hu[index]));
            centroid.add(x, y, z);
          }
        });
    return finding.in(lobe).at(centroid.world());
  }

  private Finding paintNodule(Finding finding) {
    double radius = finding.sizeMm() / 2;
    double[] center = place(finding.side(), 1.2 * radius);
    double value = random.nextDouble(60, 140);
    canvas.near(
        center[0],
        center[1],
        center[2],
        radius + canvas.step(),
        (index, x, y, z) -> {
          double depth = radius - Anatomy.length(new double[] {x, y, z}, center);
          if (canvas.isAerated(index)) {
            canvas.mix(index, value, canvas.coverage(depth));
            if (depth > 0) {
              canvas.mask[index] = Structure.NODULE.value();
            }
          }
        });
    return finding
        .in(anatomy.lobeAt(center[0], center[1], center[2]))
        .at(world(center[0], center[1], center[2]));
  }

  private Finding paintCalcification(Finding finding) {
    double[][] line = anatomy.aorta();
    Centroid centroid = new Centroid();
    int plaques = 10 + 6 * finding.severity().ordinal();
    for (int n = 0; n < plaques; n++) {
      double[] at = n % 3 == 2 ? coronary() : wallOf(line, 1 + random.nextInt(line.length - 2));
      double radius = random.nextDouble(7, 11);
      double value = random.nextDouble(700, 1200);
      canvas.near(
          at[0],
          at[1],
          at[2],
          radius + canvas.step(),
          (index, x, y, z) -> {
            double depth = radius - Anatomy.length(new double[] {x, y, z}, at);
            if (depth > -canvas.step() / 2 && canvas.structure(index) != Structure.BONE) {
              canvas.mix(index, value, canvas.coverage(depth));
              if (depth > -0.25 * canvas.step()) {
                canvas.mask[index] = Structure.CALCIFICATION.value();
                centroid.add(x, y, z);
              }
            }
          });
    }
    return finding.at(centroid.world());
  }

  private double[] wallOf(double[][] line, int segment) {
    double[] p = line[segment];
    double[] q = line[segment + 1];
    // The descending aorta leaves the picture: keep to its upper part.
    double t = random.nextDouble() * (segment == line.length - 2 ? 0.6 : 1);
    double angle = random.nextDouble(2 * Math.PI);
    double r = 0.8 * anatomy.physique.aortaRadius();
    return new double[] {
      p[0] + t * (q[0] - p[0]) + r * Math.cos(angle),
      p[1] + t * (q[1] - p[1]) + r * Math.sin(angle),
      p[2] + t * (q[2] - p[2])
    };
  }

  private double[] coronary() {
    double angle = random.nextDouble(0.2, 1.2);
    return new double[] {
      anatomy.heartX - 0.6 * anatomy.heartRx * Math.sin(angle),
      anatomy.heartY + 0.75 * anatomy.heartRy * Math.cos(angle),
      anatomy.heartZ + anatomy.heartRz * random.nextDouble(0, 0.5)
    };
  }

  private Finding paintEmphysema(Finding finding) {
    int holes = 110 + 55 * finding.severity().ordinal();
    List<Integer> lung = aerated(Side.MIDLINE);
    Centroid centroid = new Centroid();
    for (int n = 0; n < holes && !lung.isEmpty(); n++) {
      double[] at = upperOf(lung);
      double radius = random.nextDouble(7, 14);
      canvas.near(
          at[0],
          at[1],
          at[2],
          radius,
          (index, x, y, z) -> {
            double depth = radius - Anatomy.length(new double[] {x, y, z}, at);
            if (depth > 0 && canvas.isAerated(index)) {
              canvas.set(index, Structure.EMPHYSEMA, -985);
              centroid.add(x, y, z);
            }
          });
    }
    return finding.at(centroid.world());
  }

  /** The highest of three random places: upper lobes get most. */
  private double[] upperOf(List<Integer> lung) {
    double[] best = canvas.point(lung.get(random.nextInt(lung.size())));
    for (int n = 0; n < 2; n++) {
      double[] other = canvas.point(lung.get(random.nextInt(lung.size())));
      best = other[2] > best[2] ? other : best;
    }
    return best;
  }

  /** Finds a centre whose ball lies in aerated lung of one lobe, or the best of many. */
  private double[] place(Side side, double radius) {
    List<Integer> lung = aerated(side);
    if (lung.isEmpty()) {
      lung = aerated(Side.MIDLINE);
    }
    double[] best = null;
    double most = -1;
    for (int n = 0; n < CANDIDATES && most < 0.97; n++) {
      double[] at = canvas.point(lung.get(random.nextInt(lung.size())));
      double share = aeratedShare(at, radius);
      if (share > most) {
        most = share;
        best = at;
      }
    }
    return best;
  }

  private double aeratedShare(double[] at, double radius) {
    Structure lobe = anatomy.lobeAt(at[0], at[1], at[2]).structure();
    int[] count = new int[2];
    canvas.near(
        at[0],
        at[1],
        at[2],
        radius,
        (index, x, y, z) -> {
          if (Anatomy.length(new double[] {x, y, z}, at) < radius) {
            count[0]++;
            count[1] += canvas.structure(index) == lobe ? 1 : 0;
          }
        });
    return count[0] == 0 ? 0 : (double) count[1] / count[0];
  }

  private List<Integer> aerated(Side side) {
    List<Integer> indices = new ArrayList<>();
    canvas.forEach(
        (index, x, y, z) -> {
          if (canvas.isAerated(index) && (side == Side.MIDLINE || Anatomy.sideOf(x) == side)) {
            indices.add(index);
          }
        });
    return indices;
  }

  private Finding.Point world(double x, double y, double z) {
    double[] p = acquisition.toWorld().apply(x, y, z);
    return new Finding.Point(p[0], p[1], p[2]);
  }

  /** The mean of the painted voxels. */
  private final class Centroid {
    private double sumX;
    private double sumY;
    private double sumZ;
    private int count;

    void add(double x, double y, double z) {
      sumX += x;
      sumY += y;
      sumZ += z;
      count++;
    }

    Finding.Point world() {
      if (count == 0) {
        throw new IllegalStateException(
            "A planned finding covers no voxel; PhantomConfig.maxSpacing is too coarse");
      }
      return FindingPainter.this.world(sumX / count, sumY / count, sumZ / count);
    }
  }
}

package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.Structure;
import java.util.SplittableRandom;

/**
 * Paints the healthy body: chest wall, bones, lungs with vessels, heart, great vessels, abdomen.
 */
final class OrganPainter {
  static final double AIR = -1000;
  private static final double FAT = -95;
  private static final double MUSCLE = 50;
  private static final int VESSELS_PER_LUNG = 14;

  private final Canvas canvas;
  private final Anatomy anatomy;
  private final Physique physique;
  private final Acquisition acquisition;
  private final double[][] aorta;
  private final double[][] airway;
  private final double gasX;
  private final double gasRadius;
  private final double tableY;

  OrganPainter(Canvas canvas, Anatomy anatomy, Acquisition acquisition) {
    this.canvas = canvas;
    this.anatomy = anatomy;
    this.physique = anatomy.physique;
    this.acquisition = acquisition;
    this.aorta = anatomy.aorta();
    double s = physique.size();
    double[] carina = {0, -8 * s, 42 * s};
    this.airway =
        new double[][] {
          {0, 0, 200}, carina, {32 * s, -12 * s, 20 * s}, carina, {-36 * s, -12 * s, 16 * s}
        };
    SplittableRandom random = new SplittableRandom(physique.vesselSeed() ^ acquisition.noiseSeed());
    gasX = -0.5 * physique.halfWidth();
    gasRadius = random.nextBoolean() ? random.nextDouble(15, 32) : 0;
    tableY = -(physique.halfDepth() + 9 + physique.muscle() + physique.fat() + 6);
  }

  void paint() {
    canvas.forEach(this::paintVoxel);
    SplittableRandom random = new SplittableRandom(physique.vesselSeed());
    paintBoneIslands(random);
    for (int side = -1; side <= 1; side += 2) {
      for (int n = 0; n < VESSELS_PER_LUNG; n++) {
        paintVessel(side, random);
      }
    }
  }

  /**
   * Calcified cartilage and bone islands of the chest wall, as bright and as large as plaques: the
   * amount of bright matter hints at plaques, but only its place settles it.
   */
  private void paintBoneIslands(SplittableRandom random) {
    int islands = random.nextInt(13);
    for (int n = 0; n < islands; n++) {
      double angle = random.nextDouble(-0.25 * Math.PI, 1.25 * Math.PI);
      double value = random.nextDouble(700, 1300);
      double radius = random.nextDouble(7, 11);
      double x = (physique.halfWidth() + 4) * Math.cos(angle);
      double y = (physique.halfDepth() + 4) * Math.sin(angle);
      double z = random.nextDouble(anatomy.base + 20, anatomy.apex - 70);
      canvas.near(
          x,
          y,
          z,
          radius,
          (index, px, py, pz) -> {
            Structure at = canvas.structure(index);
            if (at == Structure.BONE || at == Structure.BODY) {
              canvas.mix(index, value, 0.9);
            }
          });
    }
  }

  private void paintVoxel(int index, double x, double y, double z) {
    double depth = depthBelowSkin(x, y, z);
    if (depth < 0) {
      canvas.set(index, Structure.BACKGROUND, isTable(x, y) ? 60 : AIR);
      return;
    }
    double radius = anatomy.cavityRadius(x, y, z);
    if (radius < 1) {
      paintInside(index, x, y, z);
    } else if (isBone(x, y, z, radius)) {
      canvas.set(index, Structure.BONE, physique.boneHu());
    } else if (isAirway(x, y, z)) {
      canvas.set(index, Structure.AIRWAY, AIR);
    } else {
      double skin = Math.min(3, physique.fat());
      canvas.set(index, Structure.BODY, depth > skin && depth < physique.fat() ? FAT : MUSCLE);
    }
  }

  /** Distance inwards from the skin, roughly; negative outside. */
  private double depthBelowSkin(double x, double y, double z) {
    double wall = 9 + physique.muscle() + physique.fat();
    double shoulders = 1 + 0.1 / (1 + Math.exp((60 - z) / 15));
    double u = Math.abs(x) / ((physique.halfWidth() + wall) * shoulders);
    double v = Math.abs(y) / (physique.halfDepth() + wall);
    double r = Math.pow(Math.pow(u, 2.4) + Math.pow(v, 2.4), 1 / 2.4);
    return r < 1e-6 ? physique.halfDepth() : Math.hypot(x, y) * (1 / r - 1);
  }

  private boolean isTable(double x, double y) {
    double curve = tableY + x * x / 1100;
    return acquisition.table() && y < curve && y > curve - 14 && Math.abs(x) < 170;
  }

  private void paintInside(int index, double x, double y, double z) {
    if (anatomy.nearSpine(x, y, 17)) {
      paintSpine(index, z);
    } else if (isAirway(x, y, z)) {
      canvas.set(index, Structure.AIRWAY, AIR);
    } else if (isAorta(x, y, z)) {
      canvas.set(index, Structure.AORTA, 42 + acquisition.contrast());
    } else if (anatomy.inHeart(x, y, z) && z > anatomy.diaphragm(x, y) - 20) {
      canvas.set(index, Structure.HEART, 42 + 0.75 * acquisition.contrast());
    } else if (anatomy.inPleura(x, y, z)) {
      canvas.set(index, anatomy.lobeAt(x, y, z).structure(), parenchyma(y));
    } else if (z < anatomy.diaphragm(x, y)) {
      paintAbdomen(index, x, y, z);
    } else {
      canvas.set(index, Structure.BODY, y > 0.3 * physique.halfDepth() ? -60 : 25);
    }
  }

  /** Lung is emptier after a deep breath, and denser where it bears its own weight. */
  private double parenchyma(double y) {
    return -745 - 95 * acquisition.inspiration() - 45 * y / physique.halfDepth();
  }

  private void paintSpine(int index, double z) {
    double pitch = 26 * physique.size();
    boolean disc = z / pitch - Math.floor(z / pitch) < 0.2;
    canvas.set(index, disc ? Structure.BODY : Structure.BONE, disc ? 90 : 0.7 * physique.boneHu());
  }

  private void paintAbdomen(int index, double x, double y, double z) {
    double top = anatomy.diaphragm(gasX, 0.3 * physique.halfDepth()) - 12 - gasRadius;
    double gas =
        Math.sqrt(square(x - gasX) + square(y - 0.3 * physique.halfDepth()) + square(z - top));
    if (gas < gasRadius) {
      canvas.set(index, Structure.BODY, AIR);
    } else if (x > -0.15 * physique.halfWidth()) {
      canvas.set(index, Structure.LIVER, 55 + 0.35 * acquisition.contrast());
    } else {
      canvas.set(index, Structure.BODY, anatomy.cavityRadius(x, y, z) > 0.88 ? FAT : 40);
    }
  }

  private boolean isBone(double x, double y, double z, double radius) {
    double outside = Math.hypot(x, y) * (1 - 1 / radius);
    if (anatomy.nearSpine(x, y, 17) || (Math.abs(x) < 5 && y < 0 && outside < 26)) {
      return true;
    }
    boolean sternum = y > 0 && Math.abs(x) < 17 && outside < 13 && z > anatomy.base + 50;
    double slope = (z + 0.4 * y) / physique.ribPitch();
    boolean rib =
        outside < 9 && slope - Math.floor(slope) < 0.36 && y < 0.85 * physique.halfDepth();
    return z < anatomy.apex && (sternum || rib);
  }

  private boolean isAirway(double x, double y, double z) {
    if (z < 0 || Math.abs(x) > 60) {
      return false;
    }
    double r = 9.5 * physique.size();
    return Anatomy.distance(x, y, z, airway[0], airway[1]) < r
        || Anatomy.distance(x, y, z, airway[1], airway[2]) < 0.75 * r
        || Anatomy.distance(x, y, z, airway[3], airway[4]) < 0.75 * r;
  }

  private boolean isAorta(double x, double y, double z) {
    if (Math.abs(x) > 60) {
      return false;
    }
    for (int n = 0; n + 1 < aorta.length; n++) {
      if (Anatomy.distance(x, y, z, aorta[n], aorta[n + 1]) < physique.aortaRadius()) {
        return true;
      }
    }
    return false;
  }

  /** A straight vessel from the hilum to somewhere in the lung. */
  private void paintVessel(int side, SplittableRandom random) {
    double s = physique.size();
    double[] hilum = {side * 34 * s, -8 * s, 18 * s};
    double angle = random.nextDouble(2 * Math.PI);
    double[] tip = {
      side * physique.halfWidth() * random.nextDouble(0.5, 0.85),
      0.7 * physique.halfDepth() * Math.cos(angle),
      anatomy.base + (anatomy.apex - anatomy.base) * (0.5 + 0.36 * Math.sin(angle))
    };
    double radius = random.nextDouble(1.8, 3.2);
    double[] mid = {(hilum[0] + tip[0]) / 2, (hilum[1] + tip[1]) / 2, (hilum[2] + tip[2]) / 2};
    double reach = Anatomy.length(mid, hilum) + 6;
    canvas.near(
        mid[0],
        mid[1],
        mid[2],
        reach,
        (index, x, y, z) -> {
          double depth = radius - Anatomy.distance(x, y, z, hilum, tip);
          if (depth > -canvas.step() && canvas.isAerated(index)) {
            // A thin vessel fills only a part of the voxels that it runs through.
            double share = canvas.coverage(depth) * Math.min(1, 2 * radius / canvas.step());
            canvas.mix(index, 45 + 0.6 * acquisition.contrast(), share);
          }
        });
  }

  private static double square(double v) {
    return v * v;
  }
}

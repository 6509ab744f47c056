package io.t3d.data.phantom.generate;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.data.phantom.PhantomConfig;
import java.util.random.RandomGenerator;

/**
 * What differs between two scans of a patient: position, breath, scanner.
 *
 * @param inspiration 0 shallow … 1 deep
 * @param contrast attenuation that contrast medium adds to blood, HU; 0 without
 * @param toWorld patient's frame → world, a rotation and a shift
 * @param spacing of the voxels
 * @param orientation axis codes that the volume is stored in
 * @param noise standard deviation, HU
 * @param blur standard deviation of the kernel, voxels
 * @param offset error of the calibration, HU
 * @param table whether the table is in the picture
 * @param fieldScale factor of the field of view
 * @param noiseSeed seed of the noise
 */
record Acquisition(
    double inspiration,
    double contrast,
    Affine toWorld,
    Spacing spacing,
    String orientation,
    double noise,
    double blur,
    double offset,
    boolean table,
    double fieldScale,
    long noiseSeed) {
  static Acquisition draw(PhantomConfig config, RandomGenerator random) {
    double plane = within(random, config.minSpacing(), config.maxSpacing());
    double slices = within(random, config.minSpacing(), config.maxSpacing());
    double breath = random.nextDouble();
    return new Acquisition(
        breath < 0.3
            ? 0.15 * random.nextDouble()
            : breath < 0.7 ? random.nextDouble(0.4, 0.6) : random.nextDouble(0.85, 1),
        random.nextBoolean() ? random.nextDouble(110, 190) : 0,
        pose(random),
        new Spacing(slices, plane, plane),
        config.orientations().get(random.nextInt(config.orientations().size())),
        within(random, 0.2 * config.maxNoise(), config.maxNoise()),
        random.nextDouble(0.3, 0.6),
        within(random, -config.calibrationError(), config.calibrationError()),
        random.nextBoolean(),
        random.nextDouble(0.96, 1.06),
        random.nextLong());
  }

  boolean enhanced() {
    return contrast > 0;
  }

  Breath breath() {
    return inspiration < 0.3 ? Breath.LOW : inspiration > 0.7 ? Breath.DEEP : Breath.NORMAL;
  }

  enum Breath {
    LOW,
    NORMAL,
    DEEP
  }

  private static double within(RandomGenerator random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  private static Affine pose(RandomGenerator random) {
    Affine turned =
        turn(2, random.nextDouble(-0.14, 0.14))
            .compose(turn(0, random.nextDouble(-0.07, 0.07)))
            .compose(turn(1, random.nextDouble(-0.07, 0.07)));
    Affine shift =
        Affine.scaleTranslate(
            1,
            1,
            1,
            random.nextDouble(-12, 12),
            random.nextDouble(-12, 12),
            random.nextDouble(-12, 12));
    return shift.compose(turned);
  }

  /** A rotation by an angle in radians about axis 0 x, 1 y, 2 z. */
  private static Affine turn(int axis, double angle) {
    double[] m = new double[12];
    int u = (axis + 1) % 3;
    int v = (axis + 2) % 3;
    m[axis * 5] = 1;
    m[u * 5] = Math.cos(angle);
    m[v * 5] = Math.cos(angle);
    m[u * 4 + v] = -Math.sin(angle);
    m[v * 4 + u] = Math.sin(angle);
    return Affine.of(m);
  }
}

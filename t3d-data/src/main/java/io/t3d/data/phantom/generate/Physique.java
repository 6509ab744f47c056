package io.t3d.data.phantom.generate;

import java.util.random.RandomGenerator;

/**
 * What stays the same between two scans of a patient; mm.
 *
 * @param size factor of all lengths, 1 for an average adult
 * @param halfWidth of the chest cavity
 * @param halfDepth of the chest cavity
 * @param fat thickness under the skin
 * @param muscle thickness over the ribs
 * @param heartRatio width of the healthy heart over that of the cavity
 * @param heartShift of the heart's centre towards the patient's left
 * @param aortaRadius of the aorta
 * @param ribPitch distance of neighbouring ribs
 * @param boneHu attenuation of bone
 * @param vesselSeed seed of the lungs' vessels
 */
record Physique(
    double size,
    double halfWidth,
    double halfDepth,
    double fat,
    double muscle,
    double heartRatio,
    double heartShift,
    double aortaRadius,
    double ribPitch,
    double boneHu,
    long vesselSeed) {
  static Physique draw(RandomGenerator random) {
    double size = random.nextDouble(0.9, 1.12);
    double habitus = random.nextDouble();
    double fat =
        habitus < 0.3
            ? random.nextDouble(5, 11)
            : habitus < 0.7 ? random.nextDouble(15, 24) : random.nextDouble(32, 46);
    return new Physique(
        size,
        size * random.nextDouble(122, 145),
        size * random.nextDouble(82, 104),
        fat,
        random.nextDouble(10, 18),
        random.nextDouble(0.38, 0.46),
        size * random.nextDouble(12, 28),
        size * random.nextDouble(11.5, 15),
        size * random.nextDouble(25, 31),
        random.nextDouble(250, 550),
        random.nextLong());
  }

  Habitus habitus() {
    return fat < 13 ? Habitus.SLENDER : fat > 28 ? Habitus.OBESE : Habitus.AVERAGE;
  }

  enum Habitus {
    SLENDER,
    AVERAGE,
    OBESE
  }
}

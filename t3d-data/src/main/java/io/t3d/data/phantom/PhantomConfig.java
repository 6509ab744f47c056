package io.t3d.data.phantom;

import io.t3d.core.internal.Checks;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Settings of the phantoms.
 *
 * @param minSpacing smallest distance between voxels, mm
 * @param maxSpacing largest distance between voxels, mm; voxels and time grow with its inverse cube
 * @param maxNoise largest standard deviation of the noise, HU
 * @param calibrationError largest offset of all values, HU, either way
 * @param orientations axis codes that volumes are stored in, drawn at random
 * @param prevalence the probability of each finding, drawn independently; missing ones never occur
 */
public record PhantomConfig(
    double minSpacing,
    double maxSpacing,
    double maxNoise,
    double calibrationError,
    List<String> orientations,
    Map<FindingKind, Double> prevalence) {
  private static final Set<String> LETTERS = Set.of("RL", "AP", "IS");

  /** Copies the collections, checks ranges. */
  public PhantomConfig {
    Checks.inRange("PhantomConfig.minSpacing", minSpacing, 1, 20);
    Checks.inRange("PhantomConfig.maxSpacing", maxSpacing, minSpacing, 20);
    Checks.inRange("PhantomConfig.maxNoise", maxNoise, 0, 200);
    Checks.inRange("PhantomConfig.calibrationError", calibrationError, 0, 200);
    orientations = List.copyOf(orientations);
    if (orientations.isEmpty() || !orientations.stream().allMatch(PhantomConfig::isOrientation)) {
      throw new IllegalArgumentException(
          "PhantomConfig.orientations must be axis codes such as RAS or LPI, got " + orientations);
    }
    prevalence.forEach((k, p) -> Checks.inRange("PhantomConfig.prevalence of " + k, p, 0, 1));
    EnumMap<FindingKind, Double> copy = new EnumMap<>(FindingKind.class);
    copy.putAll(prevalence);
    prevalence = Map.copyOf(copy);
  }

  /** Spacing 5.5–7.5 mm (about 60×46×46 voxels), every finding at its default prevalence. */
  public static PhantomConfig standard() {
    EnumMap<FindingKind, Double> prevalence = new EnumMap<>(FindingKind.class);
    for (FindingKind kind : FindingKind.values()) {
      prevalence.put(kind, kind.prevalence());
    }
    return new PhantomConfig(
        5.5, 7.5, 40, 20, List.of("RAS", "LPS", "LAS", "RPS", "LPI", "ASR"), prevalence);
  }

  /** The same settings with another probability of each finding. */
  public PhantomConfig withPrevalence(Map<FindingKind, Double> newPrevalence) {
    return new PhantomConfig(
        minSpacing, maxSpacing, maxNoise, calibrationError, orientations, newPrevalence);
  }

  private static boolean isOrientation(String code) {
    return code.length() == 3
        && LETTERS.stream()
            .allMatch(pair -> code.chars().filter(c -> pair.indexOf(c) >= 0).count() == 1);
  }
}

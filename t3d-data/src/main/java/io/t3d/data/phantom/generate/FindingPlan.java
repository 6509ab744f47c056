package io.t3d.data.phantom.generate;

import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.Severity;
import io.t3d.data.phantom.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Draws which findings a study shows; their places are found when they are painted. */
final class FindingPlan {
  private final RandomGenerator random;
  private final Physique physique;
  private final List<Finding> findings = new ArrayList<>();

  private FindingPlan(Physique physique, RandomGenerator random) {
    this.physique = physique;
    this.random = random;
  }

  /** Each kind is drawn by itself, so that no label tells of another. */
  static List<Finding> draw(PhantomConfig config, Physique physique, RandomGenerator random) {
    FindingPlan plan = new FindingPlan(physique, random);
    for (FindingKind kind : FindingKind.values()) {
      if (random.nextDouble() < config.prevalence().getOrDefault(kind, 0.0)) {
        plan.add(kind);
      }
    }
    return plan.findings;
  }

  private void add(FindingKind kind) {
    Severity severity = Severity.values()[random.nextInt(3)];
    switch (kind) {
      case NODULE -> addNodules();
      case PLEURAL_EFFUSION -> addEffusions(severity);
      case CARDIOMEGALY -> {
        double ratio = 0.57 + 0.05 * severity.ordinal() + random.nextDouble(0.03);
        add(kind, Side.MIDLINE, severity, 2 * physique.halfWidth() * ratio);
      }
      case CONSOLIDATION ->
          add(kind, side(), severity, 76 + 15 * severity.ordinal() + random.nextDouble(8));
      case PNEUMOTHORAX ->
          add(kind, side(), severity, 22 + 11 * severity.ordinal() + random.nextDouble(6));
      case ATELECTASIS ->
          add(
              kind,
              sideWithoutEffusion(),
              severity,
              24 + 6 * severity.ordinal() + random.nextDouble(5));
      case EMPHYSEMA, CALCIFICATION -> add(kind, Side.MIDLINE, severity, 0);
    }
  }

  private void addNodules() {
    int count = 1 + Math.max(random.nextInt(4), random.nextInt(4));
    for (int n = 0; n < count; n++) {
      double size = random.nextDouble(27, 42);
      Severity severity =
          size < 32 ? Severity.SMALL : size < 37 ? Severity.MODERATE : Severity.LARGE;
      add(FindingKind.NODULE, side(), severity, Math.rint(size));
    }
  }

  private void addEffusions(Severity severity) {
    double thickness = 26 + 17 * severity.ordinal();
    Side side = side();
    add(FindingKind.PLEURAL_EFFUSION, side, severity, thickness + random.nextDouble(7));
    if (random.nextDouble() < 0.25) {
      Side other = side == Side.LEFT ? Side.RIGHT : Side.LEFT;
      add(FindingKind.PLEURAL_EFFUSION, other, severity, thickness + random.nextDouble(7));
    }
  }

  private Side sideWithoutEffusion() {
    Side side = side();
    Side other = side == Side.LEFT ? Side.RIGHT : Side.LEFT;
    return hasEffusion(side) && !hasEffusion(other) ? other : side;
  }

  private boolean hasEffusion(Side side) {
    return findings.stream()
        .anyMatch(f -> f.kind() == FindingKind.PLEURAL_EFFUSION && f.side() == side);
  }

  private Side side() {
    return random.nextBoolean() ? Side.RIGHT : Side.LEFT;
  }

  private void add(FindingKind kind, Side side, Severity severity, double sizeMm) {
    findings.add(Finding.planned(kind, side, severity, sizeMm));
  }
}

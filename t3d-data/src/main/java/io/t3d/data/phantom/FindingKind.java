package io.t3d.data.phantom;

import java.util.Locale;

/** The kinds of finding a phantom can have. The order is the order of the label columns. */
public enum FindingKind {
  /** One to four round soft-tissue lesions in aerated lung. */
  NODULE(0.35),
  /** Fluid that layers at the posterior base of the pleural space. */
  PLEURAL_EFFUSION(0.3),
  /** Patchy airspace opacity in one lobe. */
  CONSOLIDATION(0.3),
  /** A heart wider than half of the chest. */
  CARDIOMEGALY(0.3),
  /** Many low-attenuation holes, mostly in the upper lobes. */
  EMPHYSEMA(0.25),
  /** Bright calcified plaques of the aorta and the coronary arteries. */
  CALCIFICATION(0.3),
  /** Free air in the anterior and apical pleural space. */
  PNEUMOTHORAX(0.2),
  /** A dense collapsed band above a raised hemidiaphragm. */
  ATELECTASIS(0.25);

  private final double prevalence;

  FindingKind(double prevalence) {
    this.prevalence = prevalence;
  }

  /** The default probability that a study shows it. */
  public double prevalence() {
    return prevalence;
  }

  /** The name of its label, e.g. {@code pleural_effusion}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}

package io.t3d.core.eval;

/** The metrics that a {@link ClassificationReport} computes per label. */
public enum Metric {
  /** Area under the ROC curve. */
  AUROC("auroc"),
  /** Area under the precision–recall steps. */
  AVERAGE_PRECISION("averagePrecision"),
  /** Share of right decisions at the threshold. */
  ACCURACY("accuracy"),
  /** Harmonic mean of precision and recall at the threshold. */
  F1("f1"),
  /** Share of those said positive that are. */
  PRECISION("precision"),
  /** Share of the positives that were found. */
  RECALL("recall"),
  /** Share of the negatives that were left alone. */
  SPECIFICITY("specificity");

  private final String key;

  Metric(String key) {
    this.key = key;
  }

  /** Its name in files, e.g. {@code averagePrecision}. */
  public String key() {
    return key;
  }
}

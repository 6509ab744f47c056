package io.t3d.spark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A volume's findings, as {@link T3DSpark#zeroShot} gives them. */
public final class ClassifiedStudy extends StudyRow {
  private static final long serialVersionUID = 1L;

  private Map<String, Double> probabilities = Map.of();

  /** For Spark's encoder. */
  public ClassifiedStudy() {}

  static ClassifiedStudy of(StudyLine line, List<String> findings, double[] found, String problem) {
    ClassifiedStudy made = new ClassifiedStudy();
    made.describe(line, problem);
    Map<String, Double> all = new LinkedHashMap<>();
    for (int i = 0; i < found.length; i++) {
      all.put(findings.get(i), found[i]);
    }
    made.setProbabilities(all);
    return made;
  }

  /** Finding → probability, not calibrated; empty when there is a problem. */
  public Map<String, Double> getProbabilities() {
    return probabilities;
  }

  /** Sets the probabilities. */
  public void setProbabilities(Map<String, Double> probabilities) {
    this.probabilities = probabilities;
  }
}

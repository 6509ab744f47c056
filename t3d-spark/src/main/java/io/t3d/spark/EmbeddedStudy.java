package io.t3d.spark;

import java.util.Optional;

/** A volume's embedding, as {@link T3DSpark#embed} gives it. */
public final class EmbeddedStudy extends StudyRow {
  private static final long serialVersionUID = 1L;

  private float[] vector = {};

  /** For Spark's encoder. */
  public EmbeddedStudy() {}

  static EmbeddedStudy of(StudyLine line, Optional<float[]> vector, String problem) {
    EmbeddedStudy made = new EmbeddedStudy();
    made.describe(line, problem);
    vector.ifPresent(made::setVector);
    return made;
  }

  /** {@code [E]}, L2-normalised; empty when there is a problem. */
  public float[] getVector() {
    return vector;
  }

  /** Sets the vector. */
  public void setVector(float[] vector) {
    this.vector = vector;
  }
}

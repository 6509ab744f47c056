package io.t3d.losses.internal;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Which pairs of a batch count: two pairs of one patient are no negatives of each other. */
public final class Patients {
  private Patients() {}

  public static void requireOnePerPair(List<String> ids, int b) {
    if (ids.size() != b) {
      throw new IllegalArgumentException(
          "patientIds must name the patient of each of the B = "
              + b
              + " pairs, got "
              + ids.size()
              + " ids");
    }
  }

  /** {@code (B, B)}: 1 on the diagonal and where patients differ, else 0. */
  public static NDArray allowed(NDArray like, List<String> ids) {
    int b = ids.size();
    float[] allowed = new float[b * b];
    for (int i = 0; i < b; i++) {
      for (int j = 0; j < b; j++) {
        allowed[i * b + j] = i == j || !ids.get(i).equals(ids.get(j)) ? 1 : 0;
      }
    }
    return BatchArrays.of(like, allowed, b, b);
  }
}

package io.t3d.pipeline.organ;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The embeddings of the organs of one volume. */
public final class OrganEmbeddings {
  private final List<String> asked;
  private final Map<String, float[]> vectors; // of those that are there

  OrganEmbeddings(List<String> asked, Map<String, float[]> vectors) {
    this.asked = List.copyOf(asked);
    this.vectors = new LinkedHashMap<>(vectors);
  }

  /** The organs that the model knows, there or not, in its order. */
  public List<String> organs() {
    return asked;
  }

  /** The organs of which the label map holds a voxel, in the model's order. */
  public List<String> present() {
    return List.copyOf(vectors.keySet());
  }

  /**
   * An organ's embedding.
   *
   * @param organ one of {@link #organs()}
   * @return {@code [E]}, L2-normalised; empty where the label map holds none of the organ
   * @throws IllegalArgumentException when the model does not know the organ
   */
  public Optional<float[]> of(String organ) {
    if (!asked.contains(organ)) {
      throw new IllegalArgumentException(
          "Unknown organ \"" + organ + "\"; this model knows " + String.join(", ", asked));
    }
    return Optional.ofNullable(vectors.get(organ)).map(float[]::clone);
  }
}

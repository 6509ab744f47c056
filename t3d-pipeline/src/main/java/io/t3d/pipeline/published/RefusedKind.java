package io.t3d.pipeline.published;

import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Published models that are known and not run: what would run in their stead is another. They are
 * known by name, and by names of tensors that no other model's file has.
 */
enum RefusedKind {
  COLIPRI(
      "colipri",
      "the number of heads of its attention poolings and its padding stand in settings that its file"
          + " does not hold; its Primus-M is what Vit3d with rotary INDEX, SWIGLU and inner norms is",
      // A Primus, as its own code names it, at any depth: COLIPRI's, or one alone.
      names -> anyEnds(names, "eva.blocks.0.attn.q_proj.weight", "eva.blocks.0.attn.qkv.weight"));

  private final String kind;
  private final String reason;
  private final Predicate<Set<String>> tensors;

  RefusedKind(String kind, String reason, Predicate<Set<String>> tensors) {
    this.kind = kind;
    this.reason = reason;
    this.tensors = tensors;
  }

  /** What a user might pass to {@code --from}. */
  String kind() {
    return kind;
  }

  /** Why it is not run. */
  String reason() {
    return reason;
  }

  /**
   * The model that a file is of.
   *
   * @param names of its tensors
   * @return empty when it is of none of these
   */
  static Optional<RefusedKind> of(Set<String> names) {
    for (RefusedKind refused : values()) {
      if (refused.tensors.test(names)) {
        return Optional.of(refused);
      }
    }
    return Optional.empty();
  }

  /** Whether a name is one of these, or one of these behind what wraps the model. */
  private static boolean anyEnds(Set<String> names, String... ends) {
    for (String name : names) {
      for (String end : ends) {
        if (name.equals(end) || name.endsWith("." + end)) {
          return true;
        }
      }
    }
    return false;
  }
}

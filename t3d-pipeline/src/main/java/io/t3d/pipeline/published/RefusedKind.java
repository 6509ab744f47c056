package io.t3d.pipeline.published;

/**
 * Published models that are known by name and not run: what would run in their stead is another.
 */
enum RefusedKind {
  COLIPRI(
      "colipri",
      "the number of heads of its attention poolings and its padding stand in settings that its file"
          + " does not hold; its Primus-M is what Vit3d with rotary INDEX, SWIGLU and inner norms is"),
  FVLM(
      "fvlm",
      "it embeds an organ's tokens, which takes masks of organs from TotalSegmentator for each volume;"
          + " its ViT loads with pretrained.vision");

  private final String kind;
  private final String reason;

  RefusedKind(String kind, String reason) {
    this.kind = kind;
    this.reason = reason;
  }

  /** What a user might pass to {@code --from}. */
  String kind() {
    return kind;
  }

  /** Why it is not run. */
  String reason() {
    return reason;
  }
}

package io.t3d.data.published.merge;

/** Why the merger leaves studies out: the texts of the statistics. */
final class LeftOut {
  static final String BAD = "a row with an error, left out on request";
  static final String UNREADABLE = "a volume whose header cannot be read, left out on request";
  static final String RECONSTRUCTION = "another reconstruction of a scan that is kept";
  static final String SAME_FILE = "the same file as a volume that is kept";
  static final String SAME_REPORT = "the same report as a pair that is kept";
  static final String OTHER_SPLIT = "a scan of a patient who is also in an evaluation split";

  private LeftOut() {}
}

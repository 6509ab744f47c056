package io.t3d.data.manifest;

import java.util.Locale;

/** The split a pair belongs to: training, validation, test, or none yet. */
public enum Split {
  /** Pre-training and fitting of probes. */
  TRAIN,
  /** Choosing settings and checkpoints. */
  VALIDATION,
  /** Reported figures. */
  TEST,
  /** The manifest says nothing; see {@link Manifest#select(Split)}. */
  UNASSIGNED;

  /** The word in the manifest's column {@code split}; empty for {@link #UNASSIGNED}. */
  public String text() {
    return this == UNASSIGNED ? "" : name().toLowerCase(Locale.ROOT);
  }
}

package io.t3d.cli.benchmark.task;

import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Side;
import java.util.ArrayList;
import java.util.List;

/** Sentences that differ in nothing but the side, in the language of the phantoms' reports. */
final class SidePrompts {
  private SidePrompts() {}

  /** Prompts that name a finding on a side. */
  static List<String> of(FindingKind kind, Side side) {
    return templates(kind).stream()
        .map(t -> t.replace("{side}", side.word()))
        .map(t -> Character.toUpperCase(t.charAt(0)) + t.substring(1))
        .toList();
  }

  /** All of them. */
  static List<String> all() {
    List<String> out = new ArrayList<>();
    for (FindingKind kind : LocalTruth.FINDINGS) {
      out.addAll(of(kind, Side.RIGHT));
      out.addAll(of(kind, Side.LEFT));
    }
    return out;
  }

  private static List<String> templates(FindingKind kind) {
    return switch (kind) {
      case PLEURAL_EFFUSION ->
          List.of(
              "{side} pleural effusion.",
              "There is a moderate {side} pleural effusion.",
              "There is a large {side} pleural effusion.");
      case CONSOLIDATION ->
          List.of(
              "{side} lower lobe consolidation.",
              "There is airspace consolidation in the {side} lower lobe.",
              "There is airspace consolidation in the {side} upper lobe.");
      case PNEUMOTHORAX ->
          List.of(
              "{side} pneumothorax.",
              "There is a moderate {side} pneumothorax.",
              "There is a large {side} pneumothorax.");
      case ATELECTASIS ->
          List.of(
              "{side} basilar atelectasis.",
              "There is moderate {side} basilar atelectasis.",
              "Severe atelectasis at the {side} lung base.");
      case NODULE, CARDIOMEGALY, EMPHYSEMA, CALCIFICATION ->
          throw new IllegalArgumentException("There are no prompts for the side of " + kind);
    };
  }
}

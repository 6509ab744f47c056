package io.t3d.data.load;

import io.t3d.core.text.Sentences;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Selects the sentences of a report that a training step sees. Most sentences of a radiology report
 * stand for themselves: a random part of them, in random order, is still a true report of the
 * volume. The text encoder so learns to read single sentences, which is what the prompts of
 * zero-shot classification are. The numbers of a list say nothing alone and stay with their
 * sentence.
 *
 * <p>Sampling sentences as augmentation: Zhang et al., 2020, "Contrastive Learning of Medical
 * Visual Representations from Paired Images and Text" (ConVIRT), section 3.3, who take one
 * sentence.
 *
 * @param minShare smallest share of the sentences that is kept, in (0, 1]; at least one sentence is
 * @param shuffle whether the kept sentences change order
 */
public record ReportSampling(double minShare, boolean shuffle) {
  /** Checks the share. */
  public ReportSampling {
    if (!(minShare > 0 && minShare <= 1)) {
      throw new IllegalArgumentException(
          "ReportSampling.minShare must be in (0, 1], got " + minShare);
    }
  }

  /** Reports as they are. */
  public static ReportSampling none() {
    return new ReportSampling(1, false);
  }

  /** Between one sentence and all, in random order. */
  public static ReportSampling sentences() {
    return new ReportSampling(1e-9, true);
  }

  /**
   * Draws sentences.
   *
   * @param report not blank
   * @param seed the same seed gives the same text
   */
  public String sample(String report, long seed) {
    List<String> sentences = sentences(report);
    int count = sentences.size();
    if ((minShare == 1 && !shuffle) || count == 1) {
      return report;
    }
    SplittableRandom random = new SplittableRandom(seed);
    int least = Math.max(1, (int) Math.ceil(minShare * count));
    int kept = random.nextInt(least, count + 1);
    List<Integer> chosen = choose(count, kept, random);
    if (!shuffle) {
      chosen.sort(null);
    }
    return String.join(" ", chosen.stream().map(sentences::get).toList());
  }

  /** Sentences; what has no letter, as the numbers of a list, stays with the one that follows. */
  private static List<String> sentences(String report) {
    List<String> sentences = new ArrayList<>();
    String before = "";
    for (String sentence : Sentences.split(report)) {
      String text = before + sentence;
      if (sentence.codePoints().anyMatch(Character::isLetter)) {
        sentences.add(text);
        before = "";
      } else {
        before = text + " ";
      }
    }
    if (sentences.isEmpty()) {
      return List.of(report);
    }
    if (!before.isEmpty()) {
      int last = sentences.size() - 1;
      sentences.set(last, (sentences.get(last) + " " + before).strip());
    }
    return sentences;
  }

  /** The first {@code kept} of a random order of 0..count-1. */
  private static List<Integer> choose(int count, int kept, SplittableRandom random) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      order.add(random.nextInt(i + 1), i);
    }
    return new ArrayList<>(order.subList(0, kept));
  }
}

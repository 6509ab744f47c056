package io.t3d.cli.print;

import io.t3d.core.config.Configs;
import io.t3d.pipeline.evaluate.Evaluation;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** Prints metrics for a reader or for a program. */
public final class EvaluationPrinter {
  private EvaluationPrinter() {}

  public static void print(Evaluation found, boolean json, PrintWriter out) {
    if (json) {
      out.println(Configs.toJson(found));
      out.flush();
      return;
    }
    if (found.train() != null) {
      Evaluation.Train t = found.train();
      out.printf(
          Locale.ROOT,
          "training    loss %.3f → %.3f over %d steps, %.1f volumes/s, %.0f s%n",
          t.firstLoss(),
          t.lastLoss(),
          t.steps(),
          t.volumesPerSecond(),
          t.seconds());
    }
    if (found.zeroShot() != null) {
      classified(out, "zero-shot", found.zeroShot());
    }
    supervised(out, "probe", found.linearProbe());
    supervised(out, "fine-tuned", found.fineTune());
    if (found.retrieval() != null) {
      Evaluation.Retrieved r = found.retrieval();
      out.printf(
          Locale.ROOT,
          "retrieval   among %d pairs (chance at 10: %.3f)%n",
          r.gallery(),
          r.chanceR10());
      score(out, r.score(), r.scoreReason(), r.sentenceWeight());
      recall(out, "image → text", r.imageToText());
      recall(out, "text → image", r.textToImage());
    }
    out.flush();
  }

  private static void supervised(PrintWriter out, String name, List<Evaluation.Supervised> found) {
    if (found == null) {
      return;
    }
    for (Evaluation.Supervised s : found) {
      out.printf(
          Locale.ROOT,
          "%-12strained on %d volumes (%.3g %% of the patients)%n",
          name,
          s.trainVolumes(),
          100 * s.labelFraction());
      classified(out, "", s.scores());
    }
  }

  private static void classified(PrintWriter out, String name, Evaluation.Classified c) {
    out.printf(
        Locale.ROOT,
        "%-12smacro AUROC %s over %d volumes; F1 %s, thresholds: %s%n",
        name,
        estimate(c.macro().get("auroc")),
        c.volumes(),
        estimate(c.macro().get("f1")),
        c.thresholds());
    if (c.score() != null) {
      score(out, c.score(), c.scoreReason(), null);
    }
    c.labels()
        .forEach(
            (label, scores) ->
                out.printf(
                    Locale.ROOT,
                    "              %-34s %s%n",
                    label,
                    estimate(scores.metrics().get("auroc"))));
  }

  private static void score(PrintWriter out, String score, String reason, Double weight) {
    out.printf(
        Locale.ROOT,
        "              score %s%s, %s%n",
        score,
        weight == null ? "" : String.format(Locale.ROOT, " (sentences × %.2f)", weight),
        reason);
  }

  private static String estimate(Evaluation.Estimate e) {
    if (e == null) {
      return "not defined";
    }
    return e.lower() == null
        ? String.format(Locale.ROOT, "%.3f", e.value())
        : String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", e.value(), e.lower(), e.upper());
  }

  private static void recall(PrintWriter out, String name, Evaluation.Recall r) {
    out.printf(
        Locale.ROOT,
        "              %s  R@1 %.3f  R@5 %.3f  R@10 %.3f  R@50 %.3f  median rank %.1f%n",
        name,
        r.r1(),
        r.r5(),
        r.r10(),
        r.r50(),
        r.medianRank());
    if (r.byFindings() != null && r.byFindings().meanAveragePrecision() != null) {
      out.printf(
          Locale.ROOT,
          "              %s  by findings: mAP %.3f%n",
          name,
          r.byFindings().meanAveragePrecision());
    }
  }
}

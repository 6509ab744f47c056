package io.t3d.cli.print;

import io.t3d.core.config.Configs;
import io.t3d.pipeline.evaluate.Evaluation;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Prints metrics for a reader or for a program. */
public final class EvaluationPrinter {
  private EvaluationPrinter() {}

  public static void print(Evaluation found, boolean json, PrintWriter out) {
    if (json) {
      out.println(Configs.toJson(found));
      out.flush();
      return;
    }
    found.train().ifPresent(t -> training(out, t));
    found.zeroShot().ifPresent(c -> classified(out, "zero-shot", c));
    supervised(out, "probe", found.linearProbe());
    supervised(out, "fine-tuned", found.fineTune());
    found.retrieval().ifPresent(r -> retrieved(out, r));
    out.flush();
  }

  private static void training(PrintWriter out, Evaluation.Train t) {
    out.printf(
        Locale.ROOT,
        "training    loss %.3f → %.3f over %d steps, %.1f volumes/s, %.0f s%n",
        t.firstLoss(),
        t.lastLoss(),
        t.steps(),
        t.volumesPerSecond(),
        t.seconds());
  }

  private static void retrieved(PrintWriter out, Evaluation.Retrieved r) {
    out.printf(
        Locale.ROOT,
        "retrieval   among %d pairs (chance at 10: %.3f)%n",
        r.gallery(),
        r.chanceR10());
    score(out, r.score(), r.scoreReason(), r.sentenceWeight());
    recall(out, "image → text", r.imageToText());
    recall(out, "text → image", r.textToImage());
  }

  private static void supervised(PrintWriter out, String name, List<Evaluation.Supervised> found) {
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
        estimate(c.macro(), "auroc"),
        c.volumes(),
        estimate(c.macro(), "f1"),
        c.thresholds());
    c.score()
        .ifPresent(score -> score(out, score, c.scoreReason().orElseThrow(), Optional.empty()));
    c.labels()
        .forEach(
            (label, scores) ->
                out.printf(
                    Locale.ROOT,
                    "              %-34s %s%n",
                    label,
                    estimate(scores.metrics(), "auroc")));
  }

  private static void score(PrintWriter out, String score, String reason, Optional<Double> weight) {
    out.printf(
        Locale.ROOT,
        "              score %s%s, %s%n",
        score,
        weight.map(w -> String.format(Locale.ROOT, " (sentences × %.2f)", w)).orElse(""),
        reason);
  }

  private static String estimate(Map<String, Evaluation.Estimate> metrics, String metric) {
    Evaluation.Estimate e = metrics.get(metric);
    if (e == null) {
      return "not defined";
    }
    String value = String.format(Locale.ROOT, "%.3f", e.value());
    return e.lower().isEmpty()
        ? value
        : value
            + String.format(Locale.ROOT, " [%.3f, %.3f]", e.lower().get(), e.upper().orElseThrow());
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
    r.byFindings()
        .flatMap(Evaluation.Findings::meanAveragePrecision)
        .ifPresent(
            precision ->
                out.printf(
                    Locale.ROOT, "              %s  by findings: mAP %.3f%n", name, precision));
  }
}

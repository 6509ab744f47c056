package io.t3d.examples.cli;

import io.t3d.core.config.Configs;
import io.t3d.examples.run.Evaluation;
import java.io.PrintWriter;
import java.util.Locale;

/** Prints metrics for a reader or for a program. */
final class EvaluationPrinter {
  private EvaluationPrinter() {}

  static void print(Evaluation found, boolean json, PrintWriter out) {
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
      Evaluation.ZeroShot z = found.zeroShot();
      out.printf(
          Locale.ROOT,
          "zero-shot   macro AUROC %.3f over %d volumes%n",
          z.macroAuroc(),
          z.volumes());
      z.perLabel()
          .forEach(
              (name, auroc) -> out.printf(Locale.ROOT, "              %-22s %.3f%n", name, auroc));
    }
    if (found.retrieval() != null) {
      Evaluation.Retrieved r = found.retrieval();
      out.printf(
          Locale.ROOT,
          "retrieval   among %d pairs (chance at 10: %.3f)%n",
          r.gallery(),
          r.chanceR10());
      recall(out, "image → text", r.imageToText());
      recall(out, "text → image", r.textToImage());
    }
    out.flush();
  }

  private static void recall(PrintWriter out, String name, Evaluation.Recall r) {
    out.printf(
        Locale.ROOT,
        "              %s  R@1 %.3f  R@5 %.3f  R@10 %.3f  median rank %.1f%n",
        name,
        r.r1(),
        r.r5(),
        r.r10(),
        r.medianRank());
  }
}

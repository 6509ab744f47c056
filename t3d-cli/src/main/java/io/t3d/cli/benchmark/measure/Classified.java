package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.eval.Metric;
import java.util.LinkedHashMap;
import java.util.Map;

/** Macro metrics of many labels that need no threshold. */
public final class Classified {
  private Classified() {}

  /** AUROC and average precision, the mean over the labels that have both classes. */
  public static Map<String, Double> scores(String suffix, LabelMatrix truth, double[][] scores) {
    ClassificationReport report =
        ClassificationReport.of(truth.names(), truth.values(), scores, 0.5);
    Map<String, Double> out = new LinkedHashMap<>();
    report.macroAuroc().ifPresent(v -> out.put("AUROC" + suffix, v));
    report.macro(Metric.AVERAGE_PRECISION).ifPresent(v -> out.put("AP" + suffix, v));
    return out;
  }

  /** {@code " @10%"} of a fraction of labels. */
  public static String at(double fraction) {
    return " @" + Math.round(100 * fraction) + "%";
  }
}

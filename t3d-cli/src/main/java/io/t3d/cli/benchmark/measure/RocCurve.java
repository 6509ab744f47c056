package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.LabelMatrix;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The mean ROC curve over labels, sampled at false-positive rates 0, 0.01, …, 1. */
public final class RocCurve {
  /** How many points a curve has. */
  public static final int POINTS = 101;

  private RocCurve() {}

  /** Labels with one class only are left out; empty when none has both. */
  public static List<Double> macro(LabelMatrix truth, double[][] scores) {
    double[] sum = new double[POINTS];
    int counted = 0;
    for (int label = 0; label < truth.names().size(); label++) {
      if (truth.positives(label) > 0 && truth.negatives(label) > 0) {
        add(sum, truth, scores, label);
        counted++;
      }
    }
    List<Double> out = new ArrayList<>();
    for (int i = 0; i < POINTS && counted > 0; i++) {
      out.add(sum[i] / counted);
    }
    return out;
  }

  private static void add(double[] sum, LabelMatrix truth, double[][] scores, int label) {
    List<Integer> order =
        IntStream.range(0, scores.length)
            .filter(i -> !Double.isNaN(truth.values()[i][label]))
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -scores[i][label]))
            .toList();
    double positives = truth.positives(label);
    double negatives = truth.negatives(label);
    double[] best = new double[POINTS];
    double hits = 0;
    double alarms = 0;
    for (int i = 0; i < order.size(); i++) {
      boolean yes = truth.values()[order.get(i)][label] == 1;
      hits += yes ? 1 : 0;
      alarms += yes ? 0 : 1;
      boolean tied =
          i + 1 < order.size() && scores[order.get(i)][label] == scores[order.get(i + 1)][label];
      if (!tied) {
        int at = (int) Math.ceil(alarms / negatives * (POINTS - 1) - 1e-9);
        best[at] = Math.max(best[at], hits / positives);
      }
    }
    double reached = 0;
    for (int i = 0; i < POINTS; i++) {
      reached = Math.max(reached, best[i]);
      sum[i] += reached;
    }
  }
}

package io.t3d.core.generate;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Draws from the nucleus, each report from its own random numbers. */
final class NucleusChoice implements OneByOne.Choice {
  private static final long STREAM = 0x9E3779B97F4A7C15L; // spreads neighbouring report numbers

  private final Decoding.Nucleus settings;
  private final int firstReport;
  private final Map<Integer, SplittableRandom> randoms = new HashMap<>();

  NucleusChoice(Decoding.Nucleus settings, int firstReport) {
    this.settings = settings;
    this.firstReport = firstReport;
  }

  @Override
  public int of(int report, double[] logProbabilities) {
    double[] p = probabilities(logProbabilities);
    List<Integer> order =
        IntStream.range(0, p.length)
            .filter(token -> p[token] > 0)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer token) -> -p[token]))
            .toList();
    double mass = 0;
    int size = 0;
    while (size < order.size() && mass < settings.topP()) {
      mass += p[order.get(size++)];
    }
    double left = random(report).nextDouble() * mass;
    for (int n = 0; n < size - 1; n++) {
      left -= p[order.get(n)];
      if (left < 0) {
        return order.get(n);
      }
    }
    return order.get(size - 1);
  }

  private double[] probabilities(double[] logProbabilities) {
    double[] p = new double[logProbabilities.length];
    double top = logProbabilities[OneByOne.mostLikely(logProbabilities)];
    double sum = 0;
    for (int token = 0; token < p.length; token++) {
      p[token] = Math.exp((logProbabilities[token] - top) / settings.temperature());
      sum += p[token];
    }
    for (int token = 0; token < p.length; token++) {
      p[token] /= sum;
    }
    return p;
  }

  private SplittableRandom random(int report) {
    return randoms.computeIfAbsent(
        report, r -> new SplittableRandom(settings.seed() + STREAM * (firstReport + r)));
  }
}

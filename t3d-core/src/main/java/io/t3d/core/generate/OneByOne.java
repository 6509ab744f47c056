package io.t3d.core.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Writes every text from left to right without looking back; those that ended leave the batch. */
final class OneByOne {
  /** Chooses a token. */
  interface Choice {
    /** The next token of a report, of its log-probabilities. */
    int of(int report, double[] logProbabilities);
  }

  private final NextToken model;
  private final int maxLength;
  private final Choice choice;
  private final List<List<Integer>> tokens = new ArrayList<>();
  private final double[] sums;
  private final boolean[] ended;

  OneByOne(NextToken model, int maxLength, int reports, Choice choice) {
    this.model = model;
    this.maxLength = maxLength;
    this.choice = choice;
    sums = new double[reports];
    ended = new boolean[reports];
    IntStream.range(0, reports).forEach(i -> tokens.add(new ArrayList<>()));
  }

  List<Hypothesis> run() {
    int[] open = IntStream.range(0, sums.length).toArray(); // the report of each row
    int[] sources = open;
    int[] last = IntStream.generate(model::beginId).limit(open.length).toArray();
    for (int length = 0; length < maxLength && open.length > 0; length++) {
      double[][] rows = model.next(sources, last);
      sources = advance(open, rows);
      int[] reports = open;
      open = IntStream.of(sources).map(row -> reports[row]).toArray();
      last = IntStream.of(open).map(r -> tokens.get(r).get(tokens.get(r).size() - 1)).toArray();
    }
    return IntStream.range(0, sums.length)
        .mapToObj(i -> new Hypothesis(tokens.get(i), sums[i], ended[i]))
        .toList();
  }

  /** Adds a token to each row's report; returns the rows whose reports go on. */
  private int[] advance(int[] open, double[][] rows) {
    for (int row = 0; row < open.length; row++) {
      int report = open[row];
      int token = choice.of(report, rows[row]);
      tokens.get(report).add(token);
      sums[report] += rows[row][token];
      ended[report] = token == model.endId();
    }
    return IntStream.range(0, open.length).filter(row -> !ended[open[row]]).toArray();
  }

  static int mostLikely(double[] row) {
    int best = 0;
    for (int token = 1; token < row.length; token++) {
      if (row[token] > row[best]) {
        best = token;
      }
    }
    return best;
  }
}

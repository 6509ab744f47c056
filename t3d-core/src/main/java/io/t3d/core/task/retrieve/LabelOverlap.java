package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.Shapes;
import io.t3d.core.task.internal.Embeddings;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Retrieval metrics by findings: how similar the labels of a query are to those of its results. The
 * overlap of two label sets is Jaccard's, {@code |A ∩ B| / |A ∪ B|}; two empty sets overlap by 1. A
 * label that is not known counts as absent.
 *
 * <p>CT-CLIP (Hamamci et al., 2024) calls {@link #overlapAt} "MAP@k". Differs from its script:
 * there the query itself is in the gallery, and volumes without findings are not.
 *
 * @param queries number of queries
 * @param overlapAt k → mean over queries of the mean overlap of their first k
 * @param meanAveragePrecision mean over the queries that have a relevant item of the average
 *     precision of the whole ranking; empty when none has one
 */
public record LabelOverlap(
    int queries, Map<Integer, Double> overlapAt, OptionalDouble meanAveragePrecision) {
  /** The depths that are looked at. */
  private static final List<Integer> DEPTHS = List.of(1, 5, 10, 50);

  private static final long CELLS = 1 << 22; // similarities at once

  /**
   * Ranks the whole gallery for every query, a block of queries at a time. Of equally similar items
   * those with less overlap come first, so that ties count against the model.
   *
   * @param queries {@code (Q, E)}, L2-normalised, float32
   * @param queryLabels of the same Q
   * @param gallery {@code (N, E)}, L2-normalised, float32
   * @param galleryLabels of the same N, the same labels in the same order
   * @param same whether queries and gallery are the same items, so that row i must not find itself
   * @param relevantFrom overlap from which an item is relevant, in (0, 1]; 1 asks for the same
   *     findings
   * @throws IllegalArgumentException when shapes, counts or labels differ or a value is NaN
   */
  public static LabelOverlap evaluate(
      NDArray queries,
      LabelMatrix queryLabels,
      NDArray gallery,
      LabelMatrix galleryLabels,
      boolean same,
      double relevantFrom) {
    check(queries, queryLabels, gallery, galleryLabels);
    int n = galleryLabels.size();
    int block = (int) Math.max(1, Math.min(queryLabels.size(), CELLS / n));
    Scorer scorer = new Scorer(sets(queryLabels), sets(galleryLabels), same, relevantFrom);
    double[][] perQuery = new double[queryLabels.size()][];
    for (int from = 0; from < perQuery.length; from += block) {
      int start = from;
      int end = Math.min(perQuery.length, from + block);
      float[] similarity = similarities(queries, gallery, start, end);
      IntStream.range(start, end)
          .parallel()
          .forEach(q -> perQuery[q] = scorer.score(q, similarity, (q - start) * n));
    }
    return summary(perQuery);
  }

  /**
   * The same by scores of one's own, e.g. {@link RetrievalMix#scores}.
   *
   * @param scores {@code [Q][N]}; higher is more alike
   * @param queryLabels of the Q
   * @param galleryLabels of the N, the same labels in the same order
   * @param same whether queries and gallery are the same items, so that row i must not find itself
   * @param relevantFrom overlap from which an item is relevant, in (0, 1]
   * @throws IllegalArgumentException when sizes or labels differ or a score is not finite
   */
  public static LabelOverlap evaluate(
      float[][] scores,
      LabelMatrix queryLabels,
      LabelMatrix galleryLabels,
      boolean same,
      double relevantFrom) {
    checkLabels(queryLabels, galleryLabels);
    Embeddings.check("scores", scores, queryLabels.size(), galleryLabels.size());
    Scorer scorer = new Scorer(sets(queryLabels), sets(galleryLabels), same, relevantFrom);
    return summary(
        IntStream.range(0, scores.length)
            .parallel()
            .mapToObj(q -> scorer.score(q, scores[q], 0))
            .toArray(double[][]::new));
  }

  /** Ranks the gallery for one query at a time. */
  private record Scorer(BitSet[] wanted, BitSet[] found, boolean same, double relevantFrom) {
    double[] score(int query, float[] similarity, int offset) {
      double[] overlap =
          Arrays.stream(found).mapToDouble(set -> overlap(wanted[query], set)).toArray();
      double[] row =
          IntStream.range(0, found.length).mapToDouble(i -> similarity[offset + i]).toArray();
      return LabelOverlap.score(ranking(row, overlap, same ? query : -1), relevantFrom);
    }
  }

  /** Overlaps in the order of the ranking. */
  private static double[] ranking(double[] similarity, double[] overlap, int without) {
    return IntStream.range(0, overlap.length)
        .filter(i -> i != without)
        .boxed()
        .sorted(
            (a, b) -> {
              int bySimilarity = Double.compare(similarity[b], similarity[a]);
              return bySimilarity != 0 ? bySimilarity : Double.compare(overlap[a], overlap[b]);
            })
        .mapToDouble(i -> overlap[i])
        .toArray();
  }

  /** Mean overlaps at the depths, then the average precision or NaN. */
  private static double[] score(double[] ranking, double relevantFrom) {
    double[] out = new double[DEPTHS.size() + 1];
    for (int d = 0; d < DEPTHS.size(); d++) {
      out[d] = Arrays.stream(ranking).limit(DEPTHS.get(d)).average().orElse(Double.NaN);
    }
    double sum = 0;
    int relevant = 0;
    for (int rank = 1; rank <= ranking.length; rank++) {
      if (ranking[rank - 1] >= relevantFrom) {
        sum += ++relevant / (double) rank;
      }
    }
    out[DEPTHS.size()] = relevant == 0 ? Double.NaN : sum / relevant;
    return out;
  }

  private static LabelOverlap summary(double[][] perQuery) {
    Map<Integer, Double> overlapAt = new LinkedHashMap<>();
    for (int d = 0; d < DEPTHS.size(); d++) {
      overlapAt.put(DEPTHS.get(d), mean(perQuery, d).orElse(Double.NaN));
    }
    return new LabelOverlap(perQuery.length, overlapAt, mean(perQuery, DEPTHS.size()));
  }

  private static OptionalDouble mean(double[][] rows, int column) {
    return Arrays.stream(rows)
        .mapToDouble(row -> row[column])
        .filter(v -> !Double.isNaN(v))
        .average();
  }

  private static float[] similarities(NDArray queries, NDArray gallery, int from, int to) {
    try (NDManager scope = queries.getManager().newSubManager()) {
      NDArray some = queries.get(from + ":" + to);
      some.attach(scope);
      return some.matMul(Scopes.handle(gallery, scope).transpose()).toFloatArray(); // (Q, N)
    }
  }

  private static BitSet[] sets(LabelMatrix labels) {
    return Arrays.stream(labels.values())
        .map(
            row -> {
              BitSet set = new BitSet();
              IntStream.range(0, row.length).filter(j -> row[j] == 1).forEach(set::set);
              return set;
            })
        .toArray(BitSet[]::new);
  }

  private static double overlap(BitSet a, BitSet b) {
    BitSet both = (BitSet) a.clone();
    both.and(b);
    int union = a.cardinality() + b.cardinality() - both.cardinality();
    return union == 0 ? 1 : both.cardinality() / (double) union;
  }

  private static void check(
      NDArray queries, LabelMatrix queryLabels, NDArray gallery, LabelMatrix galleryLabels) {
    Shapes.check("queries", queries, "Q, E", "one row per query", queryLabels.size(), -1);
    Shapes.check(
        "gallery",
        gallery,
        "N, E",
        "one row per item, of the same model",
        galleryLabels.size(),
        queries.getShape().get(1));
    Retrieval.checkValues("queries", queries);
    Retrieval.checkValues("gallery", gallery);
    checkLabels(queryLabels, galleryLabels);
  }

  private static void checkLabels(LabelMatrix queryLabels, LabelMatrix galleryLabels) {
    queryLabels.requireNamesOf(galleryLabels, "Queries and gallery");
    if (queryLabels.size() == 0 || galleryLabels.size() == 0) {
      throw new IllegalArgumentException("Retrieval needs queries and a gallery, got none");
    }
  }
}

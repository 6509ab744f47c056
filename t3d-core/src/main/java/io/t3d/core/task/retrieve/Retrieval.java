package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import io.t3d.core.eval.RetrievalScores;
import io.t3d.core.internal.Shapes;
import io.t3d.core.task.internal.Embeddings;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Retrieves reports by volume and volumes by report, and measures how well.
 *
 * <p>The rank of a query is 1 + the number of wrong targets that score at least as high as its best
 * correct one. Ties so count against the model: one that maps everything to one point gets the last
 * rank, not the first. Pairs with identical reports are all correct for each other, since no model
 * could tell them apart; so are pairs of one volume, where it is said which those are.
 *
 * <p>Here a report is compared as a whole; {@link PairScores} and {@link RetrievalMix} let its
 * sentences have a say.
 *
 * <p>Similarities are computed block by block: memory is {@code block²} floats, whatever N.
 *
 * @param imageToText volumes as queries, reports as targets
 * @param textToImage reports as queries, volumes as targets
 */
public record Retrieval(RetrievalScores imageToText, RetrievalScores textToImage) {
  private static final int BLOCK = 2048;

  /**
   * Evaluates both directions; targets are correct when their report equals the query's.
   *
   * @param imageEmbeddings {@code (N, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (N, E)}, L2-normalised, float32; row i belongs to volume i
   * @param reports N texts, compared with {@code equals}
   * @throws IllegalArgumentException when shapes, dtypes or counts differ, there is no pair or a
   *     value is NaN
   */
  public static Retrieval evaluate(
      NDArray imageEmbeddings, NDArray textEmbeddings, List<String> reports) {
    return ranks(imageEmbeddings, textEmbeddings, reports).scores();
  }

  /**
   * The rank of the first correct target of every query.
   *
   * @param imageToText one per volume, from 1
   * @param textToImage one per report, from 1
   */
  public record Ranks(int[] imageToText, int[] textToImage) {
    /** Summarises them. */
    public Retrieval scores() {
      return new Retrieval(
          RetrievalScores.ofRanks(imageToText), RetrievalScores.ofRanks(textToImage));
    }
  }

  /**
   * The ranks behind {@link #evaluate(NDArray, NDArray, List)}, for confidence intervals.
   *
   * @param imageEmbeddings {@code (N, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (N, E)}, L2-normalised, float32; row i belongs to volume i
   * @param reports N texts, compared with {@code equals}
   * @throws IllegalArgumentException when shapes, dtypes or counts differ, there is no pair or a
   *     value is NaN
   */
  public static Ranks ranks(NDArray imageEmbeddings, NDArray textEmbeddings, List<String> reports) {
    return ranks(imageEmbeddings, textEmbeddings, reports, distinct(reports.size()));
  }

  /**
   * The same where a volume may stand in several pairs, each with another report of it: all of them
   * are correct for it, and it is for each, in whichever pair.
   *
   * @param volumes N names; equal ones are the same volume
   */
  public static Ranks ranks(
      NDArray imageEmbeddings, NDArray textEmbeddings, List<String> reports, List<String> volumes) {
    check(imageEmbeddings, textEmbeddings, reports.size());
    checkNames(volumes, reports.size());
    return new Ranks(
        RetrievalRanks.of(imageEmbeddings, textEmbeddings, Partners.of(volumes, reports), BLOCK),
        RetrievalRanks.of(textEmbeddings, imageEmbeddings, Partners.of(reports, volumes), BLOCK));
  }

  /** Names of volumes that all are others. */
  static List<String> distinct(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toList();
  }

  private static void checkNames(List<String> volumes, int pairs) {
    if (volumes.size() != pairs) {
      throw new IllegalArgumentException(
          "volumes must hold one name per pair (" + pairs + "), got " + volumes.size());
    }
  }

  /**
   * The same ranks by scores of one's own, e.g. {@link RetrievalMix#scores}.
   *
   * @param scores {@code [N][N]}: volume, report; higher fits better
   * @param reports N texts, compared with {@code equals}; report i belongs to volume i
   * @throws IllegalArgumentException when sizes differ, there is no pair or a score is NaN
   */
  public static Ranks ranks(float[][] scores, List<String> reports) {
    return ranks(scores, reports, distinct(reports.size()));
  }

  /**
   * The same where a volume may stand in several pairs.
   *
   * @param volumes N names; equal ones are the same volume
   */
  public static Ranks ranks(float[][] scores, List<String> reports, List<String> volumes) {
    int n = reports.size();
    Embeddings.check("scores", scores, n, n);
    checkNames(volumes, n);
    return new Ranks(
        ranks(Partners.of(volumes, reports), (volume, report) -> scores[volume][report]),
        ranks(Partners.of(reports, volumes), (report, volume) -> scores[volume][report]));
  }

  private interface Score {
    float of(int query, int target);
  }

  private static int[] ranks(Partners partners, Score score) {
    int n = partners.size();
    return IntStream.range(0, n)
        .parallel()
        .map(
            q -> {
              float best = Float.NEGATIVE_INFINITY;
              for (int t = 0; t < n; t++) {
                best = partners.correct(q, t) ? Math.max(best, score.of(q, t)) : best;
              }
              int rank = 1;
              for (int t = 0; t < n; t++) {
                rank += !partners.correct(q, t) && score.of(q, t) >= best ? 1 : 0;
              }
              return rank;
            })
        .toArray();
  }

  /**
   * Evaluates both directions; only row i is correct for row i.
   *
   * @param imageEmbeddings {@code (N, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (N, E)}, L2-normalised, float32; row i belongs to volume i
   * @throws IllegalArgumentException when shapes or dtypes differ, there is no pair or a value is
   *     NaN
   */
  public static Retrieval evaluate(NDArray imageEmbeddings, NDArray textEmbeddings) {
    return evaluate(
        imageEmbeddings, textEmbeddings, distinct((int) imageEmbeddings.getShape().get(0)));
  }

  private static void check(NDArray images, NDArray texts, int reports) {
    Shapes.check("imageEmbeddings", images, "N, E", "one row per pair", -1, -1);
    long n = images.getShape().get(0);
    long e = images.getShape().get(1);
    Shapes.check(
        "textEmbeddings", texts, "N, E", "row i must belong to volume i, of one model", n, e);
    if (reports != n) {
      throw new IllegalArgumentException(
          "reports must hold one text per pair (" + n + "), got " + reports);
    }
    checkValues("imageEmbeddings", images);
    checkValues("textEmbeddings", texts);
  }

  static void checkValues(String name, NDArray array) {
    Shapes.requireFloat32(name, array);
    try (NDArray nan = array.isNaN();
        NDArray any = nan.any()) {
      if (any.getBoolean()) {
        throw new IllegalArgumentException(
            name + " must be numbers, got NaN; the model has diverged");
      }
    }
  }
}

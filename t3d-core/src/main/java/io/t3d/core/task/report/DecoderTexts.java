package io.t3d.core.task.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.generate.NextToken;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.report.DecoderCache;
import io.t3d.core.nn.internal.report.ReportDecoder;
import io.t3d.core.text.ReportTokenizer;
import java.util.Arrays;
import java.util.Set;

/** The report decoder as the searches see it: a batch of texts that grow by a token. */
final class DecoderTexts implements NextToken, AutoCloseable {
  private final NDManager manager;
  private final ReportDecoder decoder;
  private final Specials specials;
  private final DecoderCache cache;

  /**
   * Tokens that are no words.
   *
   * @param begin stands before every text
   * @param end ends it
   * @param all these and others; no text holds them, but for the end
   */
  record Specials(int begin, int end, Set<Long> all) {
    static Specials of(ReportTokenizer tokenizer) {
      return new Specials(
          (int) tokenizer.beginId(), (int) tokenizer.endId(), tokenizer.specialIds());
    }
  }

  DecoderTexts(NDManager owner, ReportDecoder decoder, Specials specials, VisualTokens visual) {
    this.manager = owner.newSubManager();
    this.decoder = decoder;
    this.specials = specials;
    this.cache = decoder.start(new ParameterStore(manager, false), manager, visual);
  }

  @Override
  public double[][] next(int[] sources, int[] tokens) {
    if (!isIdentity(sources)) {
      cache.select(sources);
    }
    long[] ids = Arrays.stream(tokens).asLongStream().toArray();
    try (NDManager step = manager.newSubManager()) {
      NDArray logits =
          decoder.next(
              new ParameterStore(step, false), step.create(ids, new Shape(ids.length, 1)), cache);
      return logProbabilities(logits.toFloatArray(), ids.length); // (B, 1, vocabSize)
    }
  }

  private boolean isIdentity(int[] sources) {
    boolean same = sources.length == cache.rows();
    for (int i = 0; same && i < sources.length; i++) {
      same = sources[i] == i;
    }
    return same;
  }

  private double[][] logProbabilities(float[] logits, int rows) {
    int vocab = logits.length / rows;
    double[][] out = new double[rows][vocab];
    for (int row = 0; row < rows; row++) {
      for (int token = 0; token < vocab; token++) {
        out[row][token] = logits[row * vocab + token];
      }
      logSoftmax(out[row]);
    }
    return out;
  }

  /** Over the tokens that a text may hold: words and the end. */
  private void logSoftmax(double[] row) {
    for (long special : specials.all()) {
      if (special != specials.end()) {
        row[(int) special] = Double.NEGATIVE_INFINITY;
      }
    }
    double top = Arrays.stream(row).max().orElseThrow();
    double logSum = top + Math.log(Arrays.stream(row).map(x -> Math.exp(x - top)).sum());
    if (Double.isNaN(logSum)) { // no search has an order for it: it would end in an empty text
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The report decoder must give finite logits, got NaN or infinity; its weights or the"
              + " volume's tokens are not finite: train it anew with a lower learning rate, or look"
              + " at the volume");
    }
    for (int token = 0; token < row.length; token++) {
      row[token] -= logSum;
    }
  }

  @Override
  public int beginId() {
    return specials.begin();
  }

  @Override
  public int endId() {
    return specials.end();
  }

  @Override
  public void close() {
    manager.close();
  }
}

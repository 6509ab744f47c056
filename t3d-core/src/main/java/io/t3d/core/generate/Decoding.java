package io.t3d.core.generate;

import io.t3d.core.internal.Checks;
import java.util.List;

/** Decoding strategy: how a text generator picks the next token. */
public sealed interface Decoding {
  /** Tokens written at most, the end token among them. */
  int maxLength();

  /**
   * Writes texts.
   *
   * @param model whose rows are reports
   * @param reports how many texts
   * @param firstReport number of the first of them in a longer list: sampling draws for report n
   *     the same whatever the batches are
   */
  List<Hypothesis> decode(NextToken model, int reports, int firstReport);

  /** Always the most likely token. */
  static Decoding greedy(int maxLength) {
    return new Greedy(maxLength);
  }

  /** Beam search without a preference for length: sums of log-probabilities over lengths. */
  static Decoding beam(int width, int maxLength) {
    return new Beam(width, 1, maxLength);
  }

  /** Sampling from the likely tokens at temperature 1. */
  static Decoding nucleus(double topP, long seed, int maxLength) {
    return new Nucleus(topP, 1, seed, maxLength);
  }

  /**
   * The most likely token; of equals, the first of the vocabulary.
   *
   * @param maxLength tokens at most
   */
  record Greedy(int maxLength) implements Decoding {
    /** Checks ranges. */
    public Greedy {
      Checks.positive("Greedy.maxLength", maxLength);
    }

    @Override
    public List<Hypothesis> decode(NextToken model, int reports, int firstReport) {
      return new OneByOne(model, maxLength, reports, (report, row) -> OneByOne.mostLikely(row))
          .run();
    }
  }

  /**
   * The text of the highest {@code log P(text) / length^lengthPenalty} that a search finds which
   * goes on with the {@code width} best beginnings. A report is done when {@code width} texts have
   * ended and no beginning scores better, at its length now, than the worst of them.
   *
   * @param width beams
   * @param lengthPenalty exponent; 0 favours short texts, 1 is the mean per token
   * @param maxLength tokens at most
   */
  record Beam(int width, double lengthPenalty, int maxLength) implements Decoding {
    /** Checks ranges. */
    public Beam {
      Checks.positive("Beam.width", width);
      Checks.inRange("Beam.lengthPenalty", lengthPenalty, -10, 10);
      Checks.positive("Beam.maxLength", maxLength);
    }

    @Override
    public List<Hypothesis> decode(NextToken model, int reports, int firstReport) {
      return new BeamSearch(model, this, reports).run();
    }
  }

  /**
   * A draw from the smallest set of tokens whose probability reaches {@code topP}. (Holtzman et al.
   * 2020, "The Curious Case of Neural Text Degeneration", section 3.1)
   *
   * @param topP in (0, 1]; 1 draws from all tokens
   * @param temperature divides the logits, &gt; 0; small is nearly greedy
   * @param seed same seed, same texts
   * @param maxLength tokens at most
   */
  record Nucleus(double topP, double temperature, long seed, int maxLength) implements Decoding {
    /** Checks ranges. */
    public Nucleus {
      Checks.positive("Nucleus.topP", topP);
      Checks.inRange("Nucleus.topP", topP, 0, 1);
      Checks.positive("Nucleus.temperature", temperature);
      Checks.positive("Nucleus.maxLength", maxLength);
    }

    @Override
    public List<Hypothesis> decode(NextToken model, int reports, int firstReport) {
      return new OneByOne(model, maxLength, reports, new NucleusChoice(this, firstReport)).run();
    }
  }
}

package io.t3d.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecodingTest {
  private static final int END = 0;
  private static final int BEGIN = 1;
  private static final int VOCAB = 4;

  /** A language whose next token depends on the whole text, drawn from a hash of it. */
  private static final class HashLanguage implements NextToken {
    private final long seed;
    private List<List<Integer>> rows;

    HashLanguage(long seed) {
      this.seed = seed;
    }

    static double[] following(long seed, List<Integer> text) {
      SplittableRandom random = new SplittableRandom(seed + 31L * text.hashCode());
      double[] p = random.doubles(VOCAB, 0.05, 1).toArray();
      p[BEGIN] = 0;
      double sum = Arrays.stream(p).sum();
      return Arrays.stream(p).map(x -> Math.log(x / sum)).toArray();
    }

    @Override
    public double[][] next(int[] sources, int[] tokens) {
      List<List<Integer>> next = new ArrayList<>();
      for (int i = 0; i < sources.length; i++) {
        // A text begins with the number of its report, so that reports differ.
        List<Integer> text =
            new ArrayList<>(rows == null ? List.of(100 + sources[i]) : rows.get(sources[i]));
        text.add(tokens[i]);
        next.add(text);
      }
      rows = next;
      return rows.stream().map(t -> following(seed, t)).toArray(double[][]::new);
    }

    @Override
    public int beginId() {
      return BEGIN;
    }

    @Override
    public int endId() {
      return END;
    }
  }

  private record Text(List<Integer> tokens, double sum) {}

  /** All texts of a report up to a length. */
  private static List<Text> all(long seed, int report, int maxLength) {
    List<Text> done = new ArrayList<>();
    walk(seed, List.of(100 + report, BEGIN), 0, maxLength, done);
    return done;
  }

  private static void walk(
      long seed, List<Integer> text, double sum, int maxLength, List<Text> done) {
    if (text.size() - 2 == maxLength || text.get(text.size() - 1) == END) {
      done.add(new Text(text.subList(2, text.size()), sum));
      return;
    }
    double[] p = HashLanguage.following(seed, text);
    for (int token = 0; token < VOCAB; token++) {
      if (token != BEGIN) {
        List<Integer> longer = new ArrayList<>(text);
        longer.add(token);
        walk(seed, longer, sum + p[token], maxLength, done);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1})
  void aWideBeamFindsTheBestOfAllTexts(double penalty) {
    for (long seed = 0; seed < 20; seed++) {
      Decoding.Beam wide = new Decoding.Beam(200, penalty, 4);
      List<Hypothesis> found = wide.decode(new HashLanguage(seed), 3, 0);
      for (int report = 0; report < 3; report++) {
        Text best =
            all(seed, report, 4).stream()
                .max(
                    (a, b) ->
                        Double.compare(
                            a.sum / Math.pow(a.tokens.size(), penalty),
                            b.sum / Math.pow(b.tokens.size(), penalty)))
                .orElseThrow();
        assertThat(found.get(report).tokens()).isEqualTo(best.tokens);
        assertThat(found.get(report).logProbability()).isCloseTo(best.sum, within(1e-9));
      }
    }
  }

  @Test
  void aWiderBeamIsNoWorseOnAverageThanAGreedyText() {
    double greedy = 0;
    double beam = 0;
    for (long seed = 0; seed < 50; seed++) {
      greedy += mean(Decoding.greedy(6).decode(new HashLanguage(seed), 1, 0).get(0));
      beam += mean(Decoding.beam(4, 6).decode(new HashLanguage(seed), 1, 0).get(0));
    }
    assertThat(beam).isGreaterThan(greedy);
  }

  private static double mean(Hypothesis text) {
    return text.logProbability() / text.tokens().size();
  }

  @Test
  void theLengthPenaltyFavoursLongTexts() {
    int shorter = 0;
    int longer = 0;
    for (long seed = 0; seed < 30; seed++) {
      shorter += length(new Decoding.Beam(4, 0, 8), seed);
      longer += length(new Decoding.Beam(4, 2, 8), seed);
    }
    assertThat(longer).isGreaterThan(2 * shorter);
  }

  private static int length(Decoding decoding, long seed) {
    return decoding.decode(new HashLanguage(seed), 1, 0).get(0).tokens().size();
  }

  @Test
  void greedyTakesTheMostLikelyTokenUntilTheEnd() {
    for (long seed = 0; seed < 20; seed++) {
      List<Hypothesis> found = Decoding.greedy(6).decode(new HashLanguage(seed), 4, 0);
      for (int report = 0; report < 4; report++) {
        List<Integer> text = new ArrayList<>(List.of(100 + report, BEGIN));
        while (text.size() < 8 && text.get(text.size() - 1) != END) {
          text.add(OneByOne.mostLikely(HashLanguage.following(seed, text)));
        }
        assertThat(found.get(report).tokens()).isEqualTo(text.subList(2, text.size()));
        assertThat(found.get(report).finished()).isEqualTo(text.get(text.size() - 1) == END);
      }
    }
  }

  @Test
  void aBatchWritesWhatItsReportsWriteAlone() {
    Decoding beam = Decoding.beam(3, 6);
    List<Hypothesis> together = beam.decode(new HashLanguage(5), 6, 0);
    // Alone means that the other reports' results cannot reach it: compare prefixes of the batch.
    for (int reports = 1; reports < 6; reports++) {
      assertThat(beam.decode(new HashLanguage(5), reports, 0))
          .isEqualTo(together.subList(0, reports));
    }
  }

  @Test
  void samplingIsRepeatableAndDoesNotDependOnTheBatch() {
    Decoding sampling = Decoding.nucleus(0.9, 7, 8);
    List<Hypothesis> first = sampling.decode(new HashLanguage(3), 5, 0);
    assertThat(sampling.decode(new HashLanguage(3), 5, 0)).isEqualTo(first);
    assertThat(sampling.decode(new HashLanguage(3), 2, 0)).isEqualTo(first.subList(0, 2));
    assertThat(Decoding.nucleus(0.9, 8, 8).decode(new HashLanguage(3), 5, 0)).isNotEqualTo(first);
  }

  @Test
  void samplesFollowTheProbabilitiesOfTheNucleus() {
    double[] p = {0.5, 0.3, 0.15, 0.05};
    double[] logP = Arrays.stream(p).map(Math::log).toArray();
    NucleusChoice choice = new NucleusChoice(new Decoding.Nucleus(0.75, 1, 1, 1), 0);
    int[] counts = new int[4];
    for (int i = 0; i < 20_000; i++) {
      counts[choice.of(0, logP)]++;
    }
    // 0.5 + 0.3 reach 0.75: the rest is never drawn.
    assertThat(counts[0] / 20_000.0).isCloseTo(0.5 / 0.8, within(0.015));
    assertThat(counts[1] / 20_000.0).isCloseTo(0.3 / 0.8, within(0.015));
    assertThat(counts[2] + counts[3]).isZero();
  }

  @Test
  void aLowTemperatureIsGreedy() {
    Decoding cold = new Decoding.Nucleus(1, 1e-4, 3, 6);
    assertThat(cold.decode(new HashLanguage(9), 4, 0))
        .isEqualTo(Decoding.greedy(6).decode(new HashLanguage(9), 4, 0));
  }

  @Test
  void settingsAreChecked() {
    assertThatThrownBy(() -> Decoding.beam(0, 5)).hasMessage("Beam.width must be > 0, got 0.0");
    assertThatThrownBy(() -> Decoding.nucleus(1.5, 1, 5))
        .hasMessage("Nucleus.topP must be in [0.0, 1.0], got 1.5");
    assertThatThrownBy(() -> Decoding.greedy(0))
        .hasMessage("Greedy.maxLength must be > 0, got 0.0");
  }
}

package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class BinaryMetricsTest {
  private static final Offset<Double> TINY = within(1e-12);

  @Test
  void allEqualScikitLearn() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/binary.json")) {
      for (JsonNode c : new ObjectMapper().readTree(in)) {
        boolean[] targets = new boolean[c.get("targets").size()];
        double[] scores = new double[targets.length];
        for (int i = 0; i < targets.length; i++) {
          targets[i] = c.get("targets").get(i).asInt() == 1;
          scores[i] = c.get("scores").get(i).asDouble();
        }
        BinaryMetrics.Confusion confusion =
            BinaryMetrics.confusion(targets, scores, c.get("threshold").asDouble());
        assertEqual(c, "auroc", BinaryMetrics.auroc(targets, scores));
        assertEqual(c, "averagePrecision", BinaryMetrics.averagePrecision(targets, scores));
        assertEqual(c, "accuracy", confusion.accuracy());
        assertEqual(c, "f1", confusion.f1());
        assertEqual(c, "sensitivity", confusion.sensitivity());
        assertEqual(c, "specificity", confusion.specificity());
        assertEqual(c, "precision", confusion.precision());
      }
    }
  }

  private static void assertEqual(JsonNode c, String name, OptionalDouble actual) {
    // An undefined ratio is 0 in scikit-learn and empty here.
    assertThat(actual.orElse(0)).as(name).isCloseTo(c.get(name).asDouble(), TINY);
  }

  @Test
  void aurocIsTheShareOfPairsInOrder() {
    SplittableRandom random = new SplittableRandom(1);
    boolean[] targets = new boolean[50];
    double[] scores = new double[50];
    for (int i = 0; i < 50; i++) {
      targets[i] = random.nextBoolean();
      scores[i] = random.nextInt(10); // many ties
    }
    double wins = 0;
    int pairs = 0;
    for (int i = 0; i < 50; i++) {
      for (int j = 0; j < 50; j++) {
        if (targets[i] && !targets[j]) {
          wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          pairs++;
        }
      }
    }
    assertThat(BinaryMetrics.auroc(targets, scores).orElseThrow()).isCloseTo(wins / pairs, TINY);
  }

  @Test
  void equalScoresGiveChance() {
    boolean[] targets = {true, false, false, false};
    double[] scores = {0, -0.0, 0, 0};
    assertThat(BinaryMetrics.auroc(targets, scores)).hasValue(0.5);
    assertThat(BinaryMetrics.averagePrecision(targets, scores)).hasValue(0.25);
  }

  @Test
  void oneClassAloneHasNoAuroc() {
    double[] scores = {0.1, 0.9};
    assertThat(BinaryMetrics.auroc(new boolean[] {true, true}, scores)).isEmpty();
    assertThat(BinaryMetrics.auroc(new boolean[2], scores)).isEmpty();
    assertThat(BinaryMetrics.averagePrecision(new boolean[2], scores)).isEmpty();
    assertThat(BinaryMetrics.confusion(new boolean[2], scores, 1).f1()).isEmpty();
    assertThat(BinaryMetrics.auroc(new boolean[0], new double[0])).isEmpty();
  }

  @Test
  void theThresholdItselfIsPositive() {
    assertThat(BinaryMetrics.confusion(new boolean[] {true}, new double[] {0.5}, 0.5))
        .isEqualTo(new BinaryMetrics.Confusion(1, 0, 0, 0));
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> BinaryMetrics.auroc(new boolean[2], new double[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("targets and scores must have one entry per sample, got 2 and 3");
    assertThatThrownBy(() -> BinaryMetrics.auroc(new boolean[2], new double[] {0, Double.NaN}))
        .hasMessage("scores must be numbers, got NaN at sample 1; the model has diverged");
  }
}

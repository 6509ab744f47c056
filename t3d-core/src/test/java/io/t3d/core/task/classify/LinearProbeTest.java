package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.TestDevice;
import io.t3d.core.eval.BinaryMetrics;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinearProbeTest {
  private static final ProbeConfig EXACT = new ProbeConfig(1, false, 1e9, true, 2000, 1e-8, 10);

  @Test
  void probabilitiesEqualScikitLearn() throws IOException {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/probe.json")) {
      golden = new ObjectMapper().readTree(in);
    }
    float[][] features = new ObjectMapper().convertValue(golden.get("features"), float[][].class);
    double[][] targets = new double[features.length][3];
    for (int i = 0; i < targets.length; i++) {
      for (int j = 0; j < 3; j++) {
        targets[i][j] = golden.get("targets").get(i).get(j).asDouble(Double.NaN);
      }
    }
    LabelMatrix labels = new LabelMatrix(List.of("a", "b", "c"), targets);
    assertThat(golden.get("cases")).hasSize(6);
    for (JsonNode c : golden.get("cases")) {
      ProbeConfig config =
          EXACT
              .withL2(c.get("l2").asDouble())
              .withClassWeighting(c.get("classWeighting").asBoolean());
      double[][] p = LinearProbe.fit(features, labels, config).probabilities(features);
      for (int i = 0; i < p.length; i++) {
        for (int j = 0; j < 3; j++) {
          assertThat(p[i][j])
              .as("λ %s, sample %d, label %d", c.get("l2"), i, j)
              .isCloseTo(c.get("probabilities").get(i).get(j).asDouble(), within(1e-5));
        }
      }
    }
  }

  /** Few samples, many noisy features: without early stopping the probe learns them by heart. */
  private static float[][] noisy(int n, int width, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] rows = new float[n][width];
    for (float[] row : rows) {
      for (int j = 0; j < width; j++) {
        row[j] = (float) (random.nextDouble() * 2 - 1);
      }
    }
    return rows;
  }

  private static LabelMatrix ofFirstFeature(float[][] rows) {
    double[][] targets = new double[rows.length][1];
    SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < targets.length; i++) {
      targets[i][0] = rows[i][0] + random.nextDouble() - 0.5 > 0 ? 1 : 0;
    }
    return new LabelMatrix(List.of("finding"), targets);
  }

  private static double auroc(double[][] scores, LabelMatrix labels) {
    boolean[] truth = new boolean[scores.length];
    double[] column = new double[scores.length];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = labels.values()[i][0] == 1;
      column[i] = scores[i][0];
    }
    return BinaryMetrics.auroc(truth, column).orElseThrow();
  }

  @Test
  void earlyStoppingKeepsThePointThatValidationLikesBest() {
    float[][] train = noisy(40, 60, 1);
    float[][] held = noisy(300, 60, 2);
    float[][] test = noisy(500, 60, 3);
    ProbeConfig free = EXACT.withL2(0);
    LinearProbe byHeart = LinearProbe.fit(train, ofFirstFeature(train), free);
    LinearProbe stopped =
        LinearProbe.fit(train, ofFirstFeature(train), held, ofFirstFeature(held), free);
    assertThat(auroc(byHeart.scores(train), ofFirstFeature(train))).isEqualTo(1);
    assertThat(logLoss(stopped, test)).isLessThan(0.7 * logLoss(byHeart, test));
    assertThat(auroc(stopped.scores(test), ofFirstFeature(test))).isGreaterThan(0.6);
  }

  @Test
  void aHandfulOfLabelsStillGivesADirection() {
    float[][] train = noisy(8, 60, 4);
    float[][] held = noisy(300, 60, 2);
    float[][] test = noisy(2000, 60, 3);
    LinearProbe probe =
        LinearProbe.fit(
            train, ofFirstFeature(train), held, ofFirstFeature(held), ProbeConfig.defaults());
    assertThat(auroc(probe.scores(test), ofFirstFeature(test))).isGreaterThan(0.52);
  }

  private static double logLoss(LinearProbe probe, float[][] rows) {
    double[][] p = probe.probabilities(rows);
    LabelMatrix labels = ofFirstFeature(rows);
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum -= Math.log(Math.max(1e-12, labels.values()[i][0] == 1 ? p[i][0] : 1 - p[i][0]));
    }
    return sum / p.length;
  }

  @Test
  void aLabelOfOneClassGetsAConstantAndAnUnknownOneAHalf() {
    float[][] rows = noisy(9, 4, 5);
    double[][] targets = new double[9][2];
    for (double[] t : targets) {
      t[1] = Double.NaN;
    }
    LabelMatrix labels = new LabelMatrix(List.of("never", "unknown"), targets);
    double[][] p = LinearProbe.fit(rows, labels, ProbeConfig.defaults()).probabilities(rows);
    for (double[] row : p) {
      assertThat(row[0]).isCloseTo(0.5 / 10, within(1e-9));
      assertThat(row[1]).isEqualTo(0.5);
    }
  }

  @Test
  void aSavedProbeSaysTheSame(@TempDir Path dir) throws IOException {
    float[][] rows = noisy(50, 5, 7);
    LinearProbe probe = LinearProbe.fit(rows, ofFirstFeature(rows), ProbeConfig.defaults());
    Path file = dir.resolve("probe.safetensors");
    try (NDManager manager = TestDevice.manager()) {
      probe.save(manager, file);
      LinearProbe again = LinearProbe.load(manager, file);
      assertThat(again.labels()).containsExactly("finding");
      assertThat(again.scores(rows)).isDeepEqualTo(probe.scores(rows));
      assertThat(again.probabilities(manager.create(rows)))
          .isDeepEqualTo(probe.probabilities(rows));

      Path other = dir.resolve("other.safetensors");
      Safetensors.write(
          other, Map.of("weight", manager.ones(new ai.djl.ndarray.types.Shape(2, 2))), Map.of());
      assertThatThrownBy(() -> LinearProbe.load(manager, other))
          .hasMessage(
              other
                  + " is no classification head: it needs weight, bias and the labels as metadata");
    }
  }

  @Test
  void wrongInputsAreNamed() {
    float[][] rows = noisy(4, 3, 1);
    LabelMatrix labels = ofFirstFeature(rows);
    ProbeConfig config = ProbeConfig.defaults();
    assertThatThrownBy(() -> LinearProbe.fit(noisy(3, 3, 1), labels, config))
        .hasMessage("features must have one row per sample (4), got 3");
    assertThatThrownBy(() -> LinearProbe.fit(rows, labels, noisy(4, 2, 1), labels, config))
        .hasMessage(
            "validation features must have D = 3 columns, got 2 in row 0; they must come from the"
                + " encoder that was used");
    rows[2][1] = Float.NaN;
    assertThatThrownBy(() -> LinearProbe.fit(rows, labels, config))
        .hasMessage("features must be finite, got NaN in row 2; the model has diverged");
    assertThatThrownBy(() -> ProbeConfig.defaults().withL2(-1))
        .hasMessageStartingWith("ProbeConfig.l2 must be in [0.0, ");
  }
}

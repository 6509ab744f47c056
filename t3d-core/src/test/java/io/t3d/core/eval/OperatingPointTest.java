package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperatingPointTest {
  @Test
  void thresholdsEqualThoseOfScikitLearnsCurves() throws IOException {
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/binary.json")) {
      for (JsonNode c : new ObjectMapper().readTree(in)) {
        int n = c.get("targets").size();
        double[][] targets = new double[n][1];
        double[][] scores = new double[n][1];
        for (int i = 0; i < n; i++) {
          targets[i][0] = c.get("targets").get(i).asInt();
          scores[i][0] = c.get("scores").get(i).asDouble();
        }
        LabelMatrix labels = new LabelMatrix(List.of("a"), targets);
        for (OperatingPoint point : OperatingPoint.values()) {
          assertThat(point.thresholds(labels, scores, 0.5))
              .as(point.name())
              .containsExactly(c.get(point.name()).asDouble());
        }
      }
    }
  }

  @Test
  void aLabelWithOneClassOnlyGetsTheFallback() {
    double[][] targets = {{1, Double.NaN, 1}, {1, 0, 0}};
    double[][] scores = {{0.3, 0.4, 0.7}, {0.4, 0.6, 0.2}};
    LabelMatrix labels = new LabelMatrix(List.of("a", "b", "c"), targets);
    assertThat(OperatingPoint.YOUDEN_J.thresholds(labels, scores, 0.5))
        .containsExactly(0.5, 0.5, 0.7);
  }
}

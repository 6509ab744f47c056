package io.t3d.core.task.retrieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.TestDevice;
import io.t3d.core.eval.LabelMatrix;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LabelOverlapTest {
  private static final List<String> NAMES = List.of("a", "b", "c");
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void scoresEqualScikitLearn() throws IOException {
    JsonNode golden;
    ObjectMapper json = new ObjectMapper();
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/retrieval.json")) {
      golden = json.readTree(in);
    }
    NDArray queries = manager.create(json.convertValue(golden.get("queries"), float[][].class));
    NDArray gallery = manager.create(json.convertValue(golden.get("gallery"), float[][].class));
    LabelMatrix wanted =
        new LabelMatrix(NAMES, json.convertValue(golden.get("queryLabels"), double[][].class));
    LabelMatrix found =
        new LabelMatrix(NAMES, json.convertValue(golden.get("galleryLabels"), double[][].class));
    for (String least : new String[] {"0.5", "1.0"}) {
      LabelOverlap scores =
          LabelOverlap.evaluate(queries, wanted, gallery, found, false, Double.parseDouble(least));
      assertThat(scores.meanAveragePrecision().orElseThrow())
          .isCloseTo(golden.get("meanAveragePrecision").get(least).asDouble(), within(1e-9));
      scores
          .overlapAt()
          .forEach(
              (k, value) ->
                  assertThat(value)
                      .as("at %d", k)
                      .isCloseTo(
                          golden.get("overlapAt").get(k.toString()).asDouble(), within(1e-9)));
    }
    assertThat(((BaseNDManager) manager).getManagedArrays().size()).isEqualTo(2);
  }

  @Test
  void anItemDoesNotFindItselfAndTiesCountAgainstTheModel() {
    NDArray same = manager.ones(new Shape(3, 1)); // everything on one point
    LabelMatrix labels =
        new LabelMatrix(NAMES, new double[][] {{1, 0, 0}, {1, 0, Double.NaN}, {0, 1, 0}});
    LabelOverlap scores = LabelOverlap.evaluate(same, labels, same, labels, true, 1);
    // Queries 0 and 1 find item 2 first, then each other; query 2 has nothing relevant.
    assertThat(scores.meanAveragePrecision()).hasValue(0.5);
    assertThat(scores.overlapAt().get(1)).isZero();
    assertThat(scores.overlapAt().get(5)).isCloseTo(1 / 3.0, within(1e-12));
    LabelOverlap withSelf = LabelOverlap.evaluate(same, labels, same, labels, false, 1);
    assertThat(withSelf.overlapAt().get(5)).isCloseTo((2 / 3.0 * 2 + 1 / 3.0) / 3, within(1e-12));
  }

  @Test
  void wrongInputsAreNamed() {
    NDArray eye = manager.eye(2);
    LabelMatrix two = new LabelMatrix(List.of("a"), new double[][] {{1}, {0}});
    LabelMatrix other = new LabelMatrix(List.of("b"), new double[][] {{1}, {0}});
    assertThatThrownBy(() -> LabelOverlap.evaluate(eye, two, eye, other, false, 1))
        .hasMessage("Queries and gallery must have the same labels, got [a] and [b]");
    assertThatThrownBy(() -> LabelOverlap.evaluate(manager.eye(3), two, eye, two, false, 1))
        .hasMessageStartingWith("queries must be (Q, E) = (2, E), got (3, 3)");
  }
}

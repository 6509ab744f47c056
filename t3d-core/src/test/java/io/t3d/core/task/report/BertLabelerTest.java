package io.t3d.core.task.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.classify.FindingPrompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against transformers; goldens by {@code report_labeler_goldens.py}. */
class BertLabelerTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/labeler");

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static List<String> texts(Path folder) throws IOException {
    List<String> out = new ArrayList<>();
    new ObjectMapper()
        .readTree(folder.resolve("texts.json").toFile())
        .forEach(text -> out.add(text.asText()));
    return out;
  }

  @ParameterizedTest
  @ValueSource(strings = {"radbert", "roberta", "bert"})
  void probabilitiesAreThoseOfTransformers(String name) throws IOException {
    Path folder = GOLDEN.resolve(name);
    List<String> texts = texts(folder);
    NDArray golden =
        Safetensors.read(manager, folder.resolve("expected.safetensors"))
            .tensors()
            .get("probabilities");
    float[] expected = golden.toFloatArray();
    try (BertLabeler labeler = BertLabeler.open(manager, folder)) {
      int findings = labeler.labels().size();
      assertThat(golden.getShape().getShape()).containsExactly(texts.size(), findings);
      double[][] p = labeler.probabilities(texts);
      for (int i = 0; i < p.length; i++) {
        for (int j = 0; j < findings; j++) {
          assertThat(p[i][j]).isCloseTo(expected[i * findings + j], within(1e-4));
        }
      }
    }
  }

  @Test
  void eighteenFindingsAreThoseOfCtRateAndABlankReportAffirmsNone() throws IOException {
    Path folder = GOLDEN.resolve("radbert");
    List<String> texts = new ArrayList<>(texts(folder));
    texts.add(1, " ");
    try (BertLabeler labeler = BertLabeler.open(manager, folder)) {
      assertThat(labeler.labels())
          .isEqualTo(FindingPrompts.ctRate().stream().map(FindingPrompts::finding).toList());
      List<Map<String, Boolean>> findings = labeler.label(texts);
      assertThat(findings.get(1).values()).containsOnly(false).hasSize(18);
      double[][] p = labeler.probabilities(texts(folder));
      for (int j = 0; j < 18; j++) {
        assertThat(findings.get(0)).containsEntry(labeler.labels().get(j), p[0][j] >= 0.5);
        assertThat(findings.get(2)).containsEntry(labeler.labels().get(j), p[1][j] >= 0.5);
      }
    }
  }

  @Test
  void namesComeFromTheConfigOrFromAFileOfTheUsers(@TempDir Path dir) throws IOException {
    Path folder = copy("roberta", dir);
    try (BertLabeler labeler = BertLabeler.open(manager, folder)) {
      assertThat(labeler.labels()).containsExactly("effusion", "nodule", "mass");
    }
    Files.writeString(folder.resolve("labels.json"), "[\"a\", \"b\", \"c\"]");
    try (BertLabeler labeler = BertLabeler.open(manager, folder)) {
      assertThat(labeler.labels()).containsExactly("a", "b", "c");
    }
    Files.writeString(folder.resolve("labels.json"), "[\"a\", \"b\"]");
    assertThatThrownBy(() -> BertLabeler.open(manager, folder))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("tells 2 names for 3 findings; put labels.json beside the weights");
  }

  @Test
  void tensorsThatAreMissingOrOfAnotherShapeAreNamedTogether(@TempDir Path dir) throws IOException {
    Path folder = copy("roberta", dir);
    Path weights = folder.resolve("model.safetensors");
    Map<String, NDArray> tensors =
        new LinkedHashMap<>(Safetensors.read(manager, weights).tensors());
    tensors.remove("classifier.dense.bias");
    tensors.put("classifier.out_proj.weight", manager.zeros(new Shape(3, 5)));
    Safetensors.write(weights, tensors, Map.of());
    assertThatThrownBy(() -> BertLabeler.open(manager, folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("classifier.dense.bias is missing")
        .hasMessageContaining("classifier.out_proj.weight is (3, 5) instead of (findings, 8)");
  }

  private static Path copy(String name, Path dir) throws IOException {
    Path folder = Files.createDirectory(dir.resolve(name));
    try (Stream<Path> files = Files.list(GOLDEN.resolve(name))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    return folder;
  }
}

package io.t3d.core.train.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidationLogTest {
  @TempDir Path folder;

  private static Map<String, Double> scores(Object... namesAndValues) {
    Map<String, Double> scores = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      scores.put((String) namesAndValues[i], (Double) namesAndValues[i + 1]);
    }
    return scores;
  }

  private void assertLines(String... lines) {
    assertThat(folder.resolve(ValidationLog.FILE)).content().isEqualTo(String.join("\n", lines));
  }

  @Test
  void scoresStandBelowTheirNamesHoweverTheseChange() throws IOException {
    ValidationLog log = ValidationLog.open(folder, 0);
    log.append(2, 0, scores("loss", 1.5, "r5", 0.25));
    log.append(4, 0, scores("r5", 0.5, "loss", 1.25));
    assertLines("step,epoch,loss,r5", "2,0,1.5,0.25", "4,0,1.25,0.5", "");
    log.append(6, 1, scores("auroc", 0.75, "loss", Double.NaN));
    log.append(8, 1, scores("loss", 1.0));
    assertLines(
        "step,epoch,loss,r5,auroc",
        "2,0,1.5,0.25,",
        "4,0,1.25,0.5,",
        "6,1,,,0.75",
        "8,1,1.0,,",
        "");
  }

  @Test
  void aResumedRunKeepsTheColumnsOfBefore() throws IOException {
    ValidationLog.open(folder, 0).append(2, 0, scores("loss", 1.5, "r5", 0.25));
    ValidationLog log = ValidationLog.open(folder, 2);
    log.append(4, 0, scores("a, \"b\"", 3.0, "r5", 0.5));
    assertLines("step,epoch,loss,r5,a_ _b_", "2,0,1.5,0.25,", "4,0,,0.5,3.0", "");
    ValidationLog.open(folder, 1).append(2, 0, scores("r5", 0.75));
    assertLines("step,epoch,loss,r5,a_ _b_", "2,0,,0.75,", "");
  }

  @Test
  void aHalfWrittenHeaderIsWrittenAnewAndAnotherTableIsLeftAsItIs() throws IOException {
    Path file = folder.resolve(ValidationLog.FILE);
    Files.writeString(file, "ste");
    ValidationLog.open(folder, 2).append(4, 0, scores("r5", 0.5));
    assertLines("step,epoch,r5", "4,0,0.5", "");
    Files.writeString(file, "\n2,0,0.25\n");
    assertThatThrownBy(() -> ValidationLog.open(folder, 2))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("must begin with the columns [step, epoch], got ")
        .hasMessageContaining("move it away");
    assertLines("", "2,0,0.25", "");
  }
}

package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.torch.distributed.ProcessGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLogTest {
  private static final String FIXED =
      "step,epoch,learningRate,loss,gradNorm,volumesPerSecond,skipped,sentBytes,collectiveSeconds";

  @TempDir private Path folder;

  private static StepRecord step(int number, Map<String, Double> parts, long bytes) {
    return new StepRecord(
        number,
        0,
        0.5,
        2,
        parts,
        Double.NaN,
        8,
        new ProcessGroup.Traffic(bytes, bytes / 100.0, 3),
        false);
  }

  private List<String> csv() throws IOException {
    return Files.readAllLines(folder.resolve("log.csv"));
  }

  @Test
  void columnsAreThoseOfAllWorkersHoweverMany() throws IOException {
    TrainingLog one = TrainingLog.open(folder, 0);
    one.append(step(1, Map.of("clip", 1.5), 0));
    TrainingLog two = TrainingLog.open(folder, 1);
    two.append(step(2, Map.of("clip", 1.25), 50));
    assertThat(csv())
        .containsExactly(
            FIXED + ",clip",
            "1,0,0.5,2.0,,8.0,false,0,0.0,1.5",
            "2,0,0.5,2.0,,8.0,false,50,0.5,1.25");
  }

  @Test
  void aPartThatComesLaterGetsItsColumnInAllRows() throws IOException {
    TrainingLog log = TrainingLog.open(folder, 0);
    log.append(step(1, Map.of("a", 1.0), 0));
    Map<String, Double> both = new LinkedHashMap<>();
    both.put("b", 3.0);
    both.put("a", 2.0);
    log.append(step(2, both, 0));
    log.append(step(3, Map.of("a", 4.0), 0));
    assertThat(csv())
        .containsExactly(
            FIXED + ",a,b",
            "1,0,0.5,2.0,,8.0,false,0,0.0,1.0,",
            "2,0,0.5,2.0,,8.0,false,0,0.0,2.0,3.0",
            "3,0,0.5,2.0,,8.0,false,0,0.0,4.0,");
  }

  @Test
  void aLogOfAnEarlierVersionGoesOnUnderTheNewHeader() throws IOException {
    Files.writeString(
        folder.resolve("log.jsonl"),
        """
        {"step":1,"epoch":0,"learningRate":0.5,"loss":2.0,"gradNorm":null,"volumesPerSecond":8.0,"skipped":false,"clip":1.5}
        {"step":2,"epoch":0,"learn""");
    TrainingLog log = TrainingLog.open(folder, 1);
    log.append(step(2, Map.of("clip", 1.25), 50));
    assertThat(csv())
        .containsExactly(
            FIXED + ",clip", "1,0,0.5,2.0,,8.0,false,,,1.5", "2,0,0.5,2.0,,8.0,false,50,0.5,1.25");
    assertThat(Files.readAllLines(folder.resolve("log.jsonl"))).hasSize(2);
  }
}

package io.t3d.bench.step;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.engine.PtDeviceType;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A step of training on a device that is not the CPU, on a machine that has no other: which arrays
 * it makes where, what it copies between Java and the device, and where it waits. See {@link
 * PtDeviceType} for how.
 */
@TestInstance(Lifecycle.PER_CLASS)
class TwoDevicesTest {
  private static final List<String> CASES =
      List.of(
          "vit-base-narrow/t3d",
          "resnet50-narrow/t3d",
          "tiny/t3d/micro",
          "tiny/t3d/checkpoints",
          "tiny/prototypes",
          "tiny/clip",
          "tiny/siglip",
          "tiny/simclr",
          "tiny/vicreg",
          "tiny/swav",
          "tiny/masked",
          "tiny/t3d/fault-made",
          "tiny/t3d/fault-kept",
          "tiny/t3d/fault-moved",
          "tiny/t3d/fault-waits",
          "tiny/t3d/fault-reads");

  private final Map<String, TwoDevicesStep.Seen> seen = new LinkedHashMap<>();

  @BeforeAll
  void runAllInAProcessOfTheirOwn(@TempDir Path folder) throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    Path log = folder.resolve("log");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx2g",
                "-XX:+UnlockExperimentalVMOptions",
                "-XX:+UseEpsilonGC", // collects nothing
                "-Dai.djl.offline=true",
                "-Dt3d.cuda=off",
                "-D" + PtDeviceType.PROPERTY + "=true",
                "-cp",
                System.getProperty("java.class.path"),
                TwoDevicesStep.class.getName()));
    command.addAll(CASES);
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(log.toFile())
            .start();
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    ObjectMapper json = new ObjectMapper();
    for (String line : Files.readAllLines(out)) {
      if (line.startsWith("{")) {
        TwoDevicesStep.Seen step = json.readValue(line, TwoDevicesStep.Seen.class);
        seen.put(step.name(), step);
      }
    }
    assertThat(seen.keySet()).containsExactlyElementsOf(CASES);
  }

  /** Each case with the copies from Java to the device that it is known to need. */
  @ParameterizedTest
  @CsvSource({
    "vit-base-narrow/t3d, 8", // 2 views, reports, sentences, 3 tables of losses, positions
    "resnet50-narrow/t3d, 7",
    "tiny/t3d/micro, 19", // views, reports and sentences of both pairs, twice
    "tiny/t3d/checkpoints, 7",
    "tiny/clip, 3",
    "tiny/siglip, 7",
    "tiny/simclr, 4",
    "tiny/vicreg, 3",
    "tiny/masked, 3"
  })
  void aStepStaysOnItsDeviceAndWaitsOnceAtItsEnd(String name, int copies) {
    TwoDevicesStep.Seen step = seen.get(name);
    assertThat(step.error()).isEmpty();
    assertThat(step.loss()).isFinite();
    assertThat(step.onCpu()).isEmpty();
    assertThat(step.waits()).isEmpty();
    assertThat(step.reads()).containsExactly(Map.entry("TrainingStep$Losses.read", 1));
    // All by one class, which on a GPU does not wait for them.
    assertThat(step.uploads()).containsExactly(Map.entry("Uploads.plain", copies));
  }

  /** Their kernels look at the prototypes' length, and count by an operation that waits. */
  @ParameterizedTest
  @CsvSource({"tiny/prototypes, 2", "tiny/swav, 1"})
  void prototypesWaitForTheirOwnLevelsOnly(String name, int levels) {
    TwoDevicesStep.Seen step = seen.get(name);
    assertThat(step.error()).isEmpty();
    assertThat(step.onCpu()).isEmpty();
    assertThat(step.reads()).containsExactly(Map.entry("TrainingStep$Losses.read", 1));
    assertThat(step.waits())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("_local_scalar_dense", 2 * levels, "bincount", levels));
  }

  @Test
  void anArrayThatIsMadeOnTheCpuInTheMidstOfALossIsSeenAndRefused() {
    TwoDevicesStep.Seen step = seen.get("tiny/t3d/fault-made");
    assertThat(step.onCpu().keySet()).anyMatch(where -> where.startsWith("TwoDevicesStep."));
    assertThat(step.loss()).isNaN();
    assertThat(step.error()).isNotEmpty();
  }

  @Test
  void aTableThatWasMadeOnTheCpuBeforeTheStepIsRefusedByLibtorch() {
    TwoDevicesStep.Seen step = seen.get("tiny/t3d/fault-kept");
    assertThat(step.loss()).isNaN();
    assertThat(step.error()).isNotEmpty();
  }

  @Test
  void anArrayThatIsMovedToTheCpuIsSeenAndRefused() {
    TwoDevicesStep.Seen step = seen.get("tiny/t3d/fault-moved");
    assertThat(step.onCpu().keySet()).anyMatch(where -> where.startsWith("TwoDevicesStep."));
    assertThat(step.loss()).isNaN();
  }

  @Test
  void aWaitInTheMidstOfALossIsSeen() {
    assertThat(seen.get("tiny/t3d/fault-reads").reads().keySet())
        .anyMatch(where -> where.startsWith("TwoDevicesStep."));
    assertThat(seen.get("tiny/t3d/fault-waits").waits()).containsKey("_local_scalar_dense");
  }
}

package io.t3d.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.Prompts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each example runs to its end and prints what it promises. */
class ExamplesTest {
  private static String manifest;
  private static String volume;
  private static String run;
  private static String trained;

  private interface Main {
    void run(String... args) throws IOException;
  }

  @BeforeAll
  static void pretrain(@TempDir Path dir) throws IOException {
    Path data = dir.resolve("phantoms");
    PhantomDataset.write(data, 40, 5);
    AtomicFiles.writeText(
        data.resolve("prompts.yaml"), Configs.toYaml(new Prompts(PhantomPrompts.all())));
    manifest = data.resolve("manifest.csv").toString();
    volume = Manifest.read(Path.of(manifest)).rows().get(0).volume().toString();
    run = dir.resolve("run").toString();
    Path config = dir.resolve("one-epoch.yaml");
    Files.writeString(config, Configs.toYaml(PretrainConfig.tiny().with(1, 3)));
    trained = printed(PretrainOnManifest::main, manifest, run, config.toString());
  }

  private static String printed(Main main, String... args) throws IOException {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      main.run(args);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void pretrainingSaysWhereTheModelIs() {
    assertThat(trained).contains("steps, loss").contains("the model is in " + run);
  }

  @Test
  void promptsAreRankedFromTheMostProbable() throws IOException {
    String given = printed(RankPrompts::main, run, volume, "pleural effusion", "cardiomegaly");
    assertThat(given.lines()).hasSize(2);
    double[] p = given.lines().mapToDouble(l -> Double.parseDouble(l.substring(24))).toArray();
    assertThat(p[0]).isBetween(p[1], 1.0);
    assertThat(printed(RankPrompts::main, run, volume).lines())
        .as("the data set's own prompts")
        .hasSameSizeAs(PhantomPrompts.all());
  }

  @Test
  void threeReportsAreFound() throws IOException {
    assertThat(printed(FindReports::main, run, volume, manifest).lines())
        .hasSize(3)
        .allMatch(line -> line.matches("-?[01]\\.\\d{3}  .+"));
  }

  @Test
  void aSentencePointsToAPlaceInMillimetres() throws IOException {
    assertThat(printed(PointToSentence::main, run, volume, "Small right pleural effusion."))
        .matches("Small right pleural effusion\\.  fits -?[01]\\.\\d{3}, most at \\(.*\\) mm\\R");
  }

  @Test
  void theLoopWrittenByHandLearns() throws IOException {
    List<Double> losses =
        printed(TrainingLoop::main, "12")
            .lines()
            .map(line -> Double.parseDouble(line.substring(line.indexOf("loss ") + 5)))
            .toList();
    assertThat(losses).hasSize(12);
    assertThat(losses.get(11)).isLessThan(losses.get(0));
  }

  static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/java/io/t3d/examples"))) {
      return files.filter(file -> !file.endsWith("package-info.java")).toList();
    }
  }

  @ParameterizedTest
  @MethodSource("sources")
  void anExampleFitsOnAPage(Path source) throws IOException {
    assertThat(Files.readAllLines(source)).hasSizeLessThanOrEqualTo(70);
  }
}

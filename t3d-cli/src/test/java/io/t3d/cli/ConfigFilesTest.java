package io.t3d.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.train.TrainingConfig;
import io.t3d.pipeline.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The settings under {@code examples/configs}. */
class ConfigFilesTest {
  static Stream<Path> configs() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../examples/configs"))) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("configs")
  void everyConfigLoadsAndBeginsWithTheCommandThatRunsIt(Path file) throws IOException {
    PretrainConfig config = Configs.load(file, PretrainConfig.class);
    assertThat(config.model()).isNotNull();

    String command = Files.readAllLines(file).get(0);
    assertThat(command)
        .startsWith("# ./t3d pretrain --config examples/configs/" + file.getFileName());
    String[] arguments = command.substring("# ./t3d ".length()).split(" ");
    CommandLine.ParseResult parsed = new CommandLine(new T3dCommand()).parseArgs(arguments);
    assertThat(parsed.subcommand().commandSpec().name()).isEqualTo("pretrain");
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet50.yaml", "vit-base.yaml"})
  void aRecipeAtRealSizeWarmsUpAveragesAndComparesMorePairsThanItHoldsAtOnce(String file)
      throws IOException {
    PretrainConfig config =
        Configs.load(Path.of("../examples/configs", file), PretrainConfig.class);
    TrainingConfig training = config.training();
    assertThat(training.warmupFraction()).isPositive();
    assertThat(training.emaDecay()).isPositive();
    assertThat(training.microBatch()).isBetween(1, config.data().batchSize() - 1);
    Size3 view = config.data().views().globalSize();
    assertThat(List.of(view.depth(), view.height(), view.width()))
        .allMatch(voxels -> voxels % 32 == 0, "a multiple of every patch and of ResNet's strides");
    assertThat(training.textLayerDecay()).as("from random weights").isEqualTo(1);
  }

  /** What a reader switches on by taking off a comment sign. */
  @ParameterizedTest
  @ValueSource(strings = {"resnet50.yaml", "vit-base.yaml"})
  void aRecipesCommentedSettingsLoadToo(String file, @TempDir Path dir) throws IOException {
    String text = Files.readString(Path.of("../examples/configs", file));
    Path all = dir.resolve(file);
    Files.writeString(all, text.replaceAll("(?m)^( *)# (\\w+: [{\\d].*)$", "$1$2"));

    PretrainConfig config = Configs.load(all, PretrainConfig.class);

    assertThat(config.pretrained().orElseThrow().text()).isPresent();
    assertThat(config.training().textLayerDecay()).isEqualTo(0.65);
    assertThat(config.training().visionLayerDecay()).isEqualTo(0.9);
    assertThat(config.data().views().localViews()).isEqualTo(4);
  }

  @Test
  void aWrongKeyIsNamedWithTheOneThatWasMeant(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("wrong.yaml");
    Files.writeString(file, "preset: tiny\ntraining:\n  learningrate: 0.1\n");

    assertThatThrownBy(() -> Configs.load(file, PretrainConfig.class))
        .hasMessageContaining("learningrate")
        .hasMessageContaining("learningRate")
        .hasMessageContaining(file.toString());
  }
}

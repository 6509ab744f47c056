package io.t3d.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.config.Configs;
import io.t3d.examples.cli.T3dCommand;
import io.t3d.examples.run.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The settings under {@code examples/configs}. */
class ConfigFilesTest {
  static Stream<Path> configs() throws IOException {
    return Files.list(Path.of("configs")).sorted();
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

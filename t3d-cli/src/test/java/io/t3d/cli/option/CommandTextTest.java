package io.t3d.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

class CommandTextTest {
  @Command(name = "t3d", subcommands = Build.class)
  static final class Root {}

  @Command(name = "build")
  @SuppressWarnings("UnusedVariable") // picocli sets them
  static final class Build {
    @Option(
        names = {"-o", "--out"},
        paramLabel = "DIR")
    private Path out;

    @Option(names = "--seed")
    private long seed;

    @Option(names = "--skip-bad")
    private boolean skipBad;
  }

  private static CommandSpec parsed(String... words) {
    CommandLine root = new CommandLine(new Root());
    root.parseArgs(words);
    return root.getSubcommands().get("build").getCommandSpec();
  }

  @Test
  void theCommandIsAsItWasTypedAndCanBeTypedAgain() {
    assertThat(CommandText.of(parsed("build", "--out", "a folder/it's", "--seed", "3")))
        .isEqualTo("./t3d build --out 'a folder/it'\\''s' --seed 3");
  }

  @Test
  void foldersCanBeLeftOut() {
    assertThat(
            CommandText.withoutPaths(
                parsed("build", "-o", "/home/somebody/data", "--seed", "3", "--skip-bad")))
        .isEqualTo("./t3d build --out DIR --seed 3 --skip-bad");
  }
}

package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.T3dCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CompletionCommandTest {
  @TempDir Path folder;

  private static String script() {
    CommandRun run = CommandRun.of("completion");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run.out();
  }

  @Test
  void theScriptNamesEveryCommandAndTheirOptions() {
    Set<String> commands = new CommandLine(new T3dCommand()).getSubcommands().keySet();
    assertThat(commands).contains("pretrain", "notebook", "completion", "classpath");
    String list =
        script().lines().filter(l -> l.contains("local commands=\"quickstart")).findFirst().get();
    assertThat(List.of(list.replaceAll(".*\"(.*)\".*", "$1").split(" "))).containsAll(commands);
    assertThat(script())
        .contains("--resume")
        .contains("--ipynb")
        .contains("_picocli_t3d_segment_train")
        .contains("complete -F _complete_t3d ");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void bashAcceptsTheScriptAndCompletesACommand() throws Exception {
    Path file = Files.writeString(folder.resolve("t3d.bash"), script());
    assertThat(bash("bash", "-n", file.toString())).isEmpty();
    String complete =
        "source "
            + file
            + " && COMP_WORDS=(t3d note) COMP_CWORD=1 COMP_LINE='t3d note' COMP_POINT=8"
            + " && _complete_t3d t3d note t3d && echo \"${COMPREPLY[@]}\"";
    assertThat(bash("bash", "-c", complete).strip()).isEqualTo("notebook");
  }

  private String bash(String... command) throws Exception {
    Path printed = folder.resolve("printed");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String out = Files.readString(printed);
    assertThat(process.exitValue()).as(out).isZero();
    return out;
  }
}

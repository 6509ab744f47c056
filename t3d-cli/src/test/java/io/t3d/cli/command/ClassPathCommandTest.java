package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ClassPathCommandTest {
  @Test
  void theClassPathIsOneLineThatHoldsThisLibrary() {
    CommandRun run = CommandRun.of("classpath");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.out().strip().split(File.pathSeparator))
        .hasSizeGreaterThan(1)
        .allMatch(entry -> entry.isEmpty() || Files.exists(Path.of(entry)));
  }
}

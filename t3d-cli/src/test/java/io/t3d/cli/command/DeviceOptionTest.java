package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.t3d.cli.T3dCommand;
import io.t3d.cli.option.DeviceOption;
import io.t3d.core.T3dException;
import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class DeviceOptionTest {
  private final String before = System.getProperty(TorchEngine.DEVICE);

  @TempDir Path dir;

  @AfterEach
  void restore() {
    if (before == null) {
      System.clearProperty(TorchEngine.DEVICE);
    } else {
      System.setProperty(TorchEngine.DEVICE, before);
    }
  }

  private static DeviceOption parsed(String... arguments) {
    DeviceOption option = new DeviceOption();
    new CommandLine(
            CommandLine.Model.CommandSpec.create()
                .addMixin("device", CommandLine.Model.CommandSpec.forAnnotatedObject(option)))
        .parseArgs(arguments);
    return option;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "quickstart",
        "pretrain",
        "evaluate",
        "benchmark",
        "embed",
        "generate",
        "export",
        "segment train",
        "segment predict",
        "segment evaluate"
      })
  void everyCommandThatComputesHasIt(String command) {
    CommandLine line = new CommandLine(new T3dCommand());
    for (String each : command.split(" ", -1)) {
      line = line.getSubcommands().get(each);
    }
    assertThat(line.getCommandSpec().findOption("--device")).isNotNull();
  }

  @Test
  void aNameIsADevice() {
    assertThat(parsed("--device", "cpu").device()).isEqualTo(Device.cpu());
    assertThat(parsed().device()).isEqualTo(TorchEngine.defaultDevice());
    assertThat(parsed().name()).isEmpty();
    assertThat(parsed("--device", "auto").name()).contains("auto");
    assertThatThrownBy(() -> parsed("--device", "cuda").device())
        .isInstanceOf(T3dException.class)
        .hasMessageEndingWith("got \"cuda\"; did you mean gpu?");
  }

  @Test
  void aDefaultHoldsAsLongAsItsScope() {
    System.clearProperty(TorchEngine.DEVICE);
    try (DeviceOption.Scope scope = parsed("--device", "cpu").asDefault()) {
      assertThat(System.getProperty(TorchEngine.DEVICE)).isEqualTo("cpu");
    }
    assertThat(System.getProperty(TorchEngine.DEVICE)).isNull();
    System.setProperty(TorchEngine.DEVICE, "auto");
    try (DeviceOption.Scope scope = parsed().asDefault()) {
      assertThat(System.getProperty(TorchEngine.DEVICE)).isEqualTo("auto");
    }
    assertThat(System.getProperty(TorchEngine.DEVICE)).isEqualTo("auto");
  }

  @Test
  void aGpuThatIsNotThereIsOneLineBeforeAnyWork() {
    Path out = dir.resolve("out");
    for (List<Object> command :
        List.<List<Object>>of(
            List.of("quickstart", "--pairs", 20, "--epochs", 1),
            List.of("benchmark", "--size", "smoke"))) {
      Object[] words = new Object[command.size() + 4];
      command.toArray(words);
      words[command.size()] = "--out";
      words[command.size() + 1] = out;
      words[command.size() + 2] = "--device";
      words[command.size() + 3] = "gpu99";
      CommandRun run = CommandRun.of(words);
      assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
      assertThat(run.err()).matches("error: The device must be one that PyTorch sees, .*\\R");
      assertThat(out).doesNotExist();
    }
  }

  @Test
  void aConfigsDeviceIsTakenUnlessTheOptionSaysOtherwise() throws IOException {
    Path config = Files.writeString(dir.resolve("c.yaml"), "preset: tiny\ndevice: gpu99\n");
    Path manifest = Files.writeString(dir.resolve("m.csv"), "volume,report\ngone.nii.gz,text\n");
    CommandRun far =
        CommandRun.of(
            "pretrain", "--manifest", manifest, "--out", dir.resolve("o"), "--config", config);
    assertThat(far.exitCode()).isEqualTo(1);
    assertThat(far.err()).contains("got gpu99").doesNotContain("gone.nii.gz");
    CommandRun here =
        CommandRun.of(
            "pretrain",
            "--manifest",
            manifest,
            "--out",
            dir.resolve("o"),
            "--config",
            config,
            "--device",
            "cpu");
    assertThat(here.exitCode()).isEqualTo(1);
    assertThat(here.err()).contains("gone.nii.gz");
  }

  @Test
  void aWrongDeviceInAConfigNamesTheFile() throws IOException {
    Path config = Files.writeString(dir.resolve("c.yaml"), "preset: tiny\ndevice: tpu\n");
    CommandRun run =
        CommandRun.of(
            "pretrain",
            "--manifest",
            dir.resolve("m"),
            "--out",
            dir.resolve("o"),
            "--config",
            config);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).startsWith("error: " + config + ": ").contains("got \"tpu\"");
  }
}

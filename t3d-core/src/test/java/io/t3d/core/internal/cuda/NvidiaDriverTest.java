package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NvidiaDriverTest {
  @TempDir Path root;
  private TestHost machine;

  @BeforeEach
  void makeMachine() {
    machine = new TestHost(root);
  }

  @Test
  void tellsVersionAndGpus() throws IOException {
    machine.driver("580.65.06");
    NvidiaDriver found = NvidiaDriver.of(machine.host()).orElseThrow();
    assertThat(found.version()).contains("580.65.06");
    assertThat(found.gpus()).containsExactly("NVIDIA H100 80GB HBM3");
    assertThat(found.problem()).isEmpty();
    assertThat(found.note()).isEmpty();
  }

  @Test
  void readsTheClosedModulesLineToo() throws IOException {
    machine.file(
        "/proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024");
    assertThat(NvidiaDriver.of(machine.host()).orElseThrow().version()).contains("535.183.01");
  }

  @Test
  void withoutADriverThereIsNone() {
    assertThat(NvidiaDriver.of(machine.host())).isEmpty();
  }

  @Test
  void aDeviceAloneIsADriverOfUnknownVersion() throws IOException {
    machine.file("/dev/dxg", "");
    NvidiaDriver found = NvidiaDriver.of(machine.host()).orElseThrow();
    assertThat(found.version()).isEmpty();
    assertThat(found.problem()).isEmpty();
  }

  @Test
  void aDriverOfCuda11IsTooOld() throws IOException {
    machine.driver("470.256.02");
    assertThat(NvidiaDriver.of(machine.host()).orElseThrow().problem())
        .contains(
            "NVIDIA's driver must be 525.60.13 or newer for CUDA 12 (575.51.03 for all of CUDA"
                + " 12.9), got 470.256.02; install a newer driver and restart");
  }

  @Test
  void aDriverOfAnEarlierCuda12WorksWithANote() throws IOException {
    machine.driver("525.60.13");
    NvidiaDriver found = NvidiaDriver.of(machine.host()).orElseThrow();
    assertThat(found.problem()).isEmpty();
    assertThat(found.note().orElseThrow()).contains("525.60.13").contains("575.51.03");
  }
}

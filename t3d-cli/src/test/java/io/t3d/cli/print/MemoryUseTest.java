package io.t3d.cli.print;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MemoryUseTest {
  @Test
  void theKernelsLineOfResidentMemoryIsInKibibytes(@TempDir Path dir) throws IOException {
    Path status = dir.resolve("status");
    Files.writeString(status, "Name:\tjava\nVmHWM:\t  900 kB\nVmRSS:\t    2048 kB\n");
    assertThat(MemoryUse.resident(status)).hasValue(2 << 20);
    assertThat(MemoryUse.resident(dir.resolve("none"))).isEmpty();
  }

  @Test
  void whatIsNotKnownIsNotShown() {
    OptionalLong none = OptionalLong.empty();
    assertThat(new MemoryUse(400_000_000, none, none).text()).isEqualTo("heap 0.4 GB");
    assertThat(
            new MemoryUse(
                    400_000_000, OptionalLong.of(3_140_000_000L), OptionalLong.of(10_000_000_000L))
                .text())
        .isEqualTo("heap 0.4, resident 3.1, GPU 10.0 GB");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void thisProcessResidesInMoreMemoryThanItsHeapUses() {
    MemoryUse now = MemoryUse.now(Device.cpu());
    assertThat(now.heap()).isPositive();
    assertThat(now.resident().orElseThrow()).isGreaterThan(10 << 20);
    assertThat(now.gpu()).isEmpty();
  }
}

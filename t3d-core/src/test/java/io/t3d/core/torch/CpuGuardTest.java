package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Function;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuGuardTest {
  @TempDir Path cpu;

  @Test
  void aCpuWithCachesIsLeftAlone() throws IOException {
    assertThat(CpuGuard.hidesItsCaches(cpu)).isTrue();
    Files.createDirectory(cpu.resolve("cache"));
    assertThat(CpuGuard.hidesItsCaches(cpu)).isFalse();
  }

  @Test
  void whereLinuxTellsNothingOfTheCpuNothingIsConcluded() {
    assertThat(CpuGuard.hidesItsCaches(cpu.resolve("none"))).isFalse();
  }

  @Test
  void theLimitIsInTheEnvironmentThatNativeCodeSees() {
    assumeTrue(CpuGuard.install(), "this CPU needs no limit");
    String limit =
        Function.getFunction("c", "getenv").invokeString(new Object[] {CpuGuard.LIMIT}, false);
    assertThat(limit).isEqualTo("AVX2");
  }
}

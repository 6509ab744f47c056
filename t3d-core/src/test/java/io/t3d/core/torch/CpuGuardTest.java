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

  @Test
  void avx512IsUsedWhereTheCpuHasItAndNoLimitForbidsIt() {
    assertThat(CpuGuard.hasAvx512("amd64", "flags : fma avx2", null)).isFalse();
    assertThat(CpuGuard.hasAvx512("amd64", "flags : avx2 avx512f", null)).isTrue();
    assertThat(CpuGuard.hasAvx512("amd64", "flags : avx2 avx512f", "ALL")).isTrue();
    assertThat(CpuGuard.hasAvx512("amd64", "flags : avx2 avx512f", "AVX2")).isFalse();
    assertThat(CpuGuard.hasAvx512("aarch64", "Features : asimd", null)).isTrue();
  }
}

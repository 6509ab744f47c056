package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import org.junit.jupiter.api.Test;

class DeviceMemoryTest {
  @Test
  void theGpusErrorIsToldWithItsNumbers() {
    EngineException e =
        new EngineException(
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB"
                + " of which 1.12 GiB is free. Including non-PyTorch memory, this process has 76.11"
                + " GiB memory in use. Of the allocated memory 74.90 GiB is allocated by PyTorch, and"
                + " 600.00 MiB is reserved by PyTorch but unallocated.");
    assertThat(DeviceMemory.exhausted(e))
        .contains("the GPU's memory is full: 2.00 GiB more wanted, 76.11 GiB of 79.10 GiB in use");
    assertThat(DeviceMemory.exhausted(new IllegalStateException(e)))
        .isEqualTo(DeviceMemory.exhausted(e));
  }

  @Test
  void aMessageWithoutNumbersIsKnownToo() {
    assertThat(DeviceMemory.exhausted(new EngineException("CUDA out of memory.")))
        .contains("the GPU's memory is full");
  }

  @Test
  void theCpusErrorIsAnother() {
    assertThat(
            DeviceMemory.exhausted(
                new EngineException(
                    "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't"
                        + " allocate memory: you tried to allocate 4000000000000 bytes. Error code"
                        + " 12 (Cannot allocate memory)")))
        .contains("the machine's memory is full: 4000000000000 bytes more wanted");
  }

  @Test
  void otherErrorsAreNotOfMemory() {
    assertThat(DeviceMemory.exhausted(new EngineException("CUDA error: an illegal memory access")))
        .isEmpty();
    assertThat(DeviceMemory.exhausted(new NullPointerException())).isEmpty();
  }
}

package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import java.util.List;
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
  void anotherProcessOnTheSameGpuIsNamed() {
    EngineException e =
        new EngineException(
            "CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total capacity of 79.10"
                + " GiB of which 20.00 MiB is free. Process 4711 has 70.50 GiB memory in use."
                + " Including non-PyTorch memory, this process has 8.58 GiB memory in use.");
    assertThat(DeviceMemory.exhausted(e))
        .contains(
            "the GPU's memory is full: 512.00 MiB more wanted, 8.58 GiB of 79.10 GiB in use,"
                + " 70.50 GiB by process 4711, which is not this one");
  }

  @Test
  void whatTheDriverAndLibrariesSayIsKnownToo() {
    for (String message :
        List.of(
            "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "cuDNN error: CUDNN_STATUS_ALLOC_FAILED")) {
      assertThat(DeviceMemory.exhausted(new EngineException(message)))
          .contains("the GPU's memory is full");
    }
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

package io.t3d.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.cli.T3dCommand;
import io.t3d.cli.doctor.Finding.Status;
import io.t3d.core.T3dException;
import io.t3d.core.internal.cuda.CudaNatives.State;
import io.t3d.core.internal.cuda.NvidiaDriver;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
  @TempDir Path empty;

  @Test
  void aMachineThatRunsTheseTestsIsReady() {
    StringWriter out = new StringWriter();
    int code = T3dCommand.run(new PrintWriter(out), new PrintWriter(out), "doctor");
    assertThat(code).as(out.toString()).isZero();
    assertThat(out.toString())
        .contains("java", System.getProperty("java.version"))
        .containsPattern("(?m)^ok +libtorch +2\\.7\\.1")
        .containsPattern("(?m)^ok +bridge ")
        .containsPattern("(?m)^ok +tokenizers ")
        .containsPattern("(?m)^T3D is ready, on ");
  }

  @Test
  void jsonHasTheSame() throws IOException {
    StringWriter out = new StringWriter();
    int code =
        T3dCommand.run(
            new PrintWriter(out), new PrintWriter(new StringWriter()), "doctor", "--json");
    JsonNode found = new ObjectMapper().readTree(out.toString());
    assertThat(code).isZero();
    assertThat(found.get("ready").asBoolean()).isTrue();
    assertThat(found.get("gpus").isInt()).isTrue();
    List<String> names = new ArrayList<>();
    found.get("findings").forEach(each -> names.add(each.get("name").asText()));
    assertThat(names)
        .contains(
            "java", "cpu", "memory", "threads", "gpu driver", "cuda", "libtorch", "DJL cache");
  }

  @Test
  void whereLibtorchDoesNotLoadItSaysSoAndFails() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dai.djl.offline=true",
                "-DPYTORCH_LIBRARY_PATH=" + empty,
                "-cp",
                System.getProperty("java.class.path"),
                T3dCommand.class.getName(),
                "doctor")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isEqualTo(1);
    assertThat(out)
        .containsPattern("(?m)^FAILED +libtorch +PYTORCH_LIBRARY_PATH must name a folder")
        .contains("T3D does not work here: mend what FAILED");
  }

  @Test
  void anEngineThatDoesNotStartIsAFindingWithItsMessage() {
    List<Finding> found =
        NativeChecks.all(
            () -> {
              throw new T3dException(T3dException.Kind.ENVIRONMENT, "no engine");
            });
    assertThat(found.get(0).name()).isEqualTo("libtorch");
    assertThat(found.get(0).status()).isEqualTo(Status.FAILED);
    assertThat(found.get(0).found()).isEqualTo("no engine");
    assertThat(Diagnosis.of(found, 0).ready()).isFalse();
  }

  @Test
  void theProcessorsExtensionsAreNamed() {
    String info =
        """
        model name\t: Intel(R) Xeon(R) Platinum 8481C
        flags\t\t: fpu avx avx2 avx512f avx512_bf16 amx_bf16 amx_tile
        """;
    assertThat(MachineChecks.cpu(info, 2).found())
        .isEqualTo(
            "Intel(R) Xeon(R) Platinum 8481C, 2 cores, AVX2, AVX-512, AVX-512 bfloat16, AMX"
                + " bfloat16");
    assertThat(MachineChecks.cpu("model name : Old\nflags : fpu sse2\n", 1).status())
        .isEqualTo(Status.WARNING);
    assertThat(MachineChecks.cpu("", 4).found()).endsWith(", 4 cores");
  }

  @Test
  void memoryAndThreadsAreTold() {
    assertThat(
            MachineChecks.memory(16L << 30, "MemTotal: 1 kB\nMemAvailable:  8388608 kB\n", 4L << 30)
                .found())
        .isEqualTo("16.0 GiB, 8.0 GiB free; Java's heap at most 4.0 GiB");
    assertThat(MachineChecks.memory(2L << 30, "", 1L << 30).status()).isEqualTo(Status.WARNING);
    assertThat(MachineChecks.threads(Map.of("OMP_NUM_THREADS", "3"), 8).found())
        .isEqualTo("OMP_NUM_THREADS=3");
    assertThat(MachineChecks.threads(Map.of(), 8).found()).contains("all 8 cores");
  }

  @Test
  void aDriverIsToldWithItsGpusAndWhatItIsTooOldFor() {
    assertThat(GpuChecks.driver(Optional.empty(), "").status()).isEqualTo(Status.LEFT_OUT);
    NvidiaDriver driver = new NvidiaDriver(Optional.of("580.65.06"), List.of("NVIDIA H100"));
    assertThat(GpuChecks.driver(Optional.of(driver), "").found())
        .isEqualTo("580.65.06; NVIDIA H100");
    assertThat(GpuChecks.driver(Optional.of(driver), "NVIDIA H100 80GB HBM3, 81559 MiB\n").found())
        .isEqualTo("580.65.06; NVIDIA H100 80GB HBM3, 81559 MiB");
    NvidiaDriver old = new NvidiaDriver(Optional.of("470.1"), List.of());
    assertThat(GpuChecks.driver(Optional.of(old), "").mend().orElseThrow()).contains("525.60.13");
  }

  @Test
  void missingCudaIsAWarningOnlyWhereThereIsAGpu() {
    assertThat(GpuChecks.natives(State.ABSENT, "none", false).status()).isEqualTo(Status.LEFT_OUT);
    assertThat(GpuChecks.natives(State.ABSENT, "none", true).status()).isEqualTo(Status.WARNING);
    Finding broken = GpuChecks.natives(State.BROKEN, "cuDNN not found; install it", true);
    assertThat(broken.found()).isEqualTo("cuDNN not found");
    assertThat(broken.mend()).contains("install it");
    assertThat(GpuChecks.natives(State.READY, "", true).status()).isEqualTo(Status.OK);
  }

  @Test
  void aDiskThatIsFullOrClosedIsTold() {
    assertThat(DiskChecks.of("c", empty, 5L << 30, true, "m").status()).isEqualTo(Status.OK);
    assertThat(DiskChecks.of("c", empty, 5, true, "m").status()).isEqualTo(Status.WARNING);
    assertThat(DiskChecks.of("c", empty, 5L << 30, false, "m").status()).isEqualTo(Status.FAILED);
  }
}

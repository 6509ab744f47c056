package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LoadPlanTest {
  @TempDir Path root;
  private TestHost machine;
  private Path libtorch;

  @BeforeEach
  void makeLibtorch() throws IOException {
    machine = new TestHost(root);
    libtorch = machine.folder("/libtorch");
    machine.library("/libtorch", "libc10.so");
    machine.library("/libtorch", "libtorch_cpu.so", "libc10.so", "libcudart.so.12", "libm.so.6");
    machine.library(
        "/libtorch",
        "libtorch_cuda.so",
        "libtorch_cpu.so",
        "libcublas.so.12",
        "libcusparse.so.12",
        "libcudnn.so.9");
  }

  private LoadPlan plan(String... folders) throws IOException {
    return LoadPlan.of(libtorch, List.of(folders).stream().map(machine::path).toList());
  }

  private static List<String> names(LoadPlan plan) {
    return plan.libraries().stream().map(FoundLibrary::soname).toList();
  }

  @Test
  void whatIsNeededComesBeforeWhatNeedsIt() throws IOException {
    machine.toolkit("9.10.2");
    machine.library("/usr/local/cuda-12.9/lib64", "libcudart.so.12");
    machine.library("/usr/local/cuda-12.9/lib64", "libnvJitLink.so.12");
    LoadPlan plan = plan("/usr/local/cuda-12.9/lib64");
    assertThat(plan.problem()).isEmpty();
    assertThat(names(plan))
        .containsExactly(
            "libcudart.so.12",
            "libcublasLt.so.12",
            "libcublas.so.12",
            "libnvJitLink.so.12",
            "libcusparse.so.12",
            "libcudnn.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_graph.so.9");
  }

  @Test
  void theFirstFolderWinsAndALibrarysNeighboursStayWithIt() throws IOException {
    machine.library("/a", "libcudart.so.12");
    machine.library("/b", "libcudart.so.12");
    machine.library("/a", "libcublasLt.so.12");
    machine.library("/b", "libcublasLt.so.12");
    machine.library("/b", "libcublas.so.12", "libcublasLt.so.12");
    assertThat(plan("/a", "/b").libraries())
        .extracting(FoundLibrary::file)
        .containsExactly(
            machine.path("/a/libcudart.so.12"),
            machine.path("/b/libcublasLt.so.12"),
            machine.path("/b/libcublas.so.12"));
  }

  @Test
  void allThatIsMissingIsNamedAtOnce() throws IOException {
    machine.library("/a", "libcudart.so.12");
    assertThat(plan("/a").problem())
        .contains(
            "cuBLAS (libcublas.so.12), cuSPARSE (libcusparse.so.12), cuDNN (libcudnn.so.9) not"
                + " found");
  }

  @Test
  void librariesOfTheSystemAndOfTheDriverAreLeftToTheLoader() throws IOException {
    machine.library("/a", "libcudart.so.12", "libcuda.so.1", "libdl.so.2");
    assertThat(plan("/a").missing()).doesNotContain("libcuda.so.1", "libdl.so.2", "libm.so.6");
  }

  @Test
  void aCudnnThatIsTooOldIsNamedWithItsFolder() throws IOException {
    machine.toolkit("9.5.1");
    LoadPlan plan =
        LoadPlan.of(LoadPlan.FROM_THE_MACHINE, List.of(machine.path("/usr/local/cuda-12.9/lib64")));
    assertThat(plan.problem())
        .contains(
            "cuDNN must be 9.10 or newer, got 9.5.1 in "
                + machine.path("/usr/local/cuda-12.9/lib64"));
  }

  @Test
  void aNewerCudnnElsewhereIsTakenInItsPlace() throws IOException {
    machine.toolkit("9.5.1");
    Path pip = machine.path("/py/nvidia/cudnn/lib");
    TinyLibrary.write(pip.resolve("libcudnn.so.9"), "libcudnn.so.9");
    machine.file(
        "/py/nvidia/cudnn/include/cudnn_version.h",
        "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 19\n#define CUDNN_PATCHLEVEL 0\n");
    LoadPlan plan =
        LoadPlan.of(
            LoadPlan.FROM_THE_MACHINE, List.of(machine.path("/usr/local/cuda-12.9/lib64"), pip));
    assertThat(plan.problem()).isEmpty();
    assertThat(plan.libraries())
        .filteredOn(each -> each.soname().equals("libcudnn.so.9"))
        .extracting(FoundLibrary::file)
        .containsExactly(pip.resolve("libcudnn.so.9"));
  }

  /** What the plan stands on: the loader takes a library that is loaded before it searches. */
  @Test
  @EnabledOnOs(OS.LINUX)
  @EnabledIfSystemProperty(named = "os.arch", matches = "amd64")
  void aLibraryInAnUnknownFolderIsFoundOnceItIsLoaded() throws IOException {
    Path first = machine.library("/one", "libt3dfirst.so.1");
    Path second = machine.library("/two", "libt3dsecond.so.1", "libt3dfirst.so.1");
    assertThatThrownBy(() -> System.load(second.toString()))
        .isInstanceOf(UnsatisfiedLinkError.class)
        .hasMessageContaining("libt3dfirst.so.1");
    System.load(first.toString());
    System.load(second.toString());
  }
}

package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.internal.cuda.CudaNatives.Installation;
import io.t3d.core.internal.cuda.CudaNatives.State;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The whole way from jars to DJL's properties, on libraries that the test writes. */
class CudaNativesTest {
  private static final List<String> OF_DJL =
      List.of("PYTORCH_LIBRARY_PATH", "PYTORCH_VERSION", "PYTORCH_FLAVOR");

  @TempDir Path root;
  private final Map<String, String> before = new HashMap<>();
  private final List<String> loaded = new ArrayList<>();
  private TestHost machine;
  private Path jar;

  @BeforeEach
  void makeMachine() throws IOException {
    machine = new TestHost(root.resolve("machine"));
    jar = Files.createDirectories(root.resolve("jar"));
    OF_DJL.forEach(name -> before.put(name, System.getProperty(name)));
    OF_DJL.forEach(System::clearProperty);
  }

  @AfterEach
  void restoreProperties() {
    before.forEach(
        (name, value) -> {
          if (value == null) {
            System.clearProperty(name);
          } else {
            System.setProperty(name, value);
          }
        });
  }

  private CudaNatives install() throws IOException {
    return install(loaded::add);
  }

  private CudaNatives install(Consumer<String> loader) throws IOException {
    try (URLClassLoader classPath =
        new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
      return new Installation(machine.host(), classPath, root.resolve("cache"), loader).run();
    }
  }

  /** What the two jars of Maven Central and OpenBLAS's hold, by name and need. */
  private void putNativesOnTheClassPath() throws IOException {
    Path torch = jar.resolve("org/bytedeco/pytorch/linux-x86_64-gpu");
    tiny(torch, "libc10.so");
    tiny(torch, "libc10_cuda.so", "libc10.so", "libcudart.so.12");
    tiny(torch, "libgomp.so.1");
    tiny(
        torch,
        "libtorch_cpu.so",
        "libc10.so",
        "libopenblas.so.0",
        "libgomp.so.1",
        "libcupti.so.12",
        "libcudart.so.12");
    tiny(
        torch,
        "libtorch_cuda.so",
        "libc10_cuda.so",
        "libcudart.so.12",
        "libcusparse.so.12",
        "libcufft.so.11",
        "libcufile.so.0",
        "libcurand.so.10",
        "libcublas.so.12",
        "libcublasLt.so.12",
        "libcudnn.so.9",
        "libtorch_cpu.so");
    tiny(torch, "libtorch_cuda_linalg.so", "libcusolver.so.11");
    tiny(torch, "libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so");
    Path cuda = jar.resolve("org/bytedeco/cuda/linux-x86_64");
    for (String each :
        List.of(
            "libcudart.so.12",
            "libcufft.so.11",
            "libcufile.so.0",
            "libcupti.so.12",
            "libcurand.so.10",
            "libnvJitLink.so.12",
            "libnvrtc.so.12",
            "libnvrtc-builtins.so.12.9")) {
      tiny(cuda, each);
    }
    Path blas = jar.resolve("org/bytedeco/openblas/linux-x86_64");
    tiny(blas, "libquadmath.so.0");
    tiny(blas, "libgfortran.so.5", "libquadmath.so.0");
    tiny(blas, "libopenblas.so.0", "libgfortran.so.5");
  }

  private static void tiny(Path folder, String soname, String... needed) throws IOException {
    TinyLibrary.write(folder.resolve(soname), soname, needed);
  }

  private List<String> loadedNames() {
    return loaded.stream().map(each -> Path.of(each).getFileName().toString()).toList();
  }

  @Test
  void withoutNativesOnTheClassPathNothingIsDone() throws IOException {
    machine.driver("580.65.06");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.ABSENT);
    assertThat(found.reason())
        .isEqualTo(
            "no CUDA natives are on the class path: build with -Dcuda, or depend on io.t3d:t3d-cuda"
                + " (docs/gpu.md)");
    assertThat(System.getProperty("PYTORCH_LIBRARY_PATH")).isNull();
    assertThat(root.resolve("cache")).doesNotExist();
  }

  @Test
  void withAllThereTheLibrariesAreLoadedInOrderAndDjlIsTold() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    CudaNatives found = install();
    assertThat(found.state()).as(found.reason()).isEqualTo(State.READY);
    assertThat(loadedNames())
        .containsExactly(
            "libquadmath.so.0",
            "libgfortran.so.5",
            "libopenblas.so.0",
            "libcupti.so.12",
            "libcudart.so.12",
            "libnvJitLink.so.12",
            "libcusparse.so.12",
            "libcufft.so.11",
            "libcufile.so.0",
            "libcurand.so.10",
            "libcublasLt.so.12",
            "libcublas.so.12",
            "libcudnn.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_graph.so.9",
            "libnvrtc.so.12",
            "libnvrtc-builtins.so.12.9");
    Path libtorch = Path.of(System.getProperty("PYTORCH_LIBRARY_PATH"));
    assertThat(libtorch).startsWith(root.resolve("cache"));
    assertThat(Host.entries(libtorch))
        .extracting(each -> each.getFileName().toString())
        .containsExactly(
            "libc10.so",
            "libc10_cuda.so",
            "libgomp.so.1",
            "libtorch.so",
            "libtorch_cpu.so",
            "libtorch_cuda.so",
            "libtorch_cuda_linalg.so");
    assertThat(System.getProperty("PYTORCH_VERSION")).isEqualTo("2.7.1");
    assertThat(System.getProperty("PYTORCH_FLAVOR")).isEqualTo("cu128");
  }

  /** JNA, and DJL with it, must not take the runtime of another release that the system has. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void theRuntimeGoesByItsBareNameForDjlsCountOfGpus() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    assertThat(install().state()).isEqualTo(State.READY);
    assertThat(install().state()).as("the second time").isEqualTo(State.READY);
    List<Path> links =
        Host.entries(root.resolve("cache")).stream()
            .map(each -> each.resolve("libcudart.so"))
            .filter(Files::isSymbolicLink)
            .toList();
    assertThat(links).hasSize(1);
    assertThat(links.get(0).toRealPath().toString()).endsWith("/libraries/libcudart.so.12");
  }

  @Test
  void aMachineWithoutADriverKeepsTheCpu() throws IOException {
    putNativesOnTheClassPath();
    machine.toolkit("9.10.2");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.NO_DRIVER);
    assertThat(found.reason()).contains("/proc/driver/nvidia/version");
    assertThat(root.resolve("cache")).doesNotExist();
    assertThat(System.getProperty("PYTORCH_LIBRARY_PATH")).isNull();
  }

  @Test
  void aDriverThatIsTooOldKeepsTheCpu() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("470.256.02");
    machine.toolkit("9.10.2");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.BROKEN);
    assertThat(found.reason()).contains("525.60.13", "470.256.02");
  }

  @Test
  void whatIsMissingIsToldInOneMessageBeforeAnythingIsUnpacked() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.BROKEN);
    assertThat(found.reason())
        .isEqualTo(
            "cuBLAS (libcublasLt.so.12, libcublas.so.12), cuSPARSE (libcusparse.so.12), cuDNN"
                + " (libcudnn.so.9) not found; install CUDA 12 and cuDNN 9.10 or newer, or pip"
                + " install --target /opt/t3d-cuda nvidia-cublas-cu12 nvidia-cusparse-cu12"
                + " nvidia-cudnn-cu12 and pass -Dt3d.cuda.path=/opt/t3d-cuda (docs/gpu.md)");
    assertThat(root.resolve("cache")).doesNotExist();
    assertThat(loaded).isEmpty();
  }

  @Test
  void anOldCudnnKeepsTheCpu() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.5.1");
    assertThat(install().reason()).startsWith("cuDNN must be 9.10 or newer, got 9.5.1 in ");
  }

  @Test
  void aLibraryThatDoesNotLoadKeepsTheCpuAndIsNamed() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    CudaNatives found =
        install(
            path -> {
              if (path.endsWith("libcublasLt.so.12")) {
                throw new UnsatisfiedLinkError("file too short");
              }
            });
    assertThat(found.state()).isEqualTo(State.BROKEN);
    assertThat(found.reason()).isEqualTo("libcublasLt.so.12 does not load: file too short");
    assertThat(System.getProperty("PYTORCH_LIBRARY_PATH")).isNull();
  }

  @Test
  void aPartOfCudnnThatDoesNotLoadIsNoReason() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    CudaNatives found =
        install(
            path -> {
              if (path.endsWith("libcudnn_graph.so.9")) {
                throw new UnsatisfiedLinkError("cannot");
              }
            });
    assertThat(found.state()).isEqualTo(State.READY);
  }

  @Test
  void theUserCanSwitchItOff() throws IOException {
    putNativesOnTheClassPath();
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    machine.properties.put("t3d.cuda", "off");
    assertThat(install().state()).isEqualTo(State.OFF);
    assertThat(loaded).isEmpty();
  }

  @Test
  void aJarThatIsMissingIsNamed() throws IOException {
    putNativesOnTheClassPath();
    Files.delete(jar.resolve("org/bytedeco/cuda/linux-x86_64/libcufft.so.11"));
    machine.driver("580.65.06");
    machine.toolkit("9.10.2");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.BROKEN);
    assertThat(found.reason()).contains("libcufft.so.11", "io.t3d:t3d-cuda");
  }

  @Test
  void theUsersLibtorchOfAnotherVersionIsRefused() throws IOException {
    Path lib = ownLibtorch("2.6.0+cu124");
    assertThatThrownBy(this::install)
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "PYTORCH_LIBRARY_PATH must name a libtorch 2.7.1, got 2.6.0+cu124 in "
                + lib
                + "; name another, or unset it: the natives of the class path then serve");
  }

  @Test
  void aFolderWithoutLibtorchIsRefused() {
    machine.environment.put("PYTORCH_LIBRARY_PATH", root.toString());
    assertThatThrownBy(this::install)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("must name a folder with libtorch.so");
  }

  @Test
  void theUsersLibtorchServesAndGetsTheLibrariesBesideIt() throws IOException {
    Path lib = ownLibtorch("2.7.1+cu128");
    tiny(lib, "libtorch_cuda.so", "libcublas.so.12", "libsomething.so.1");
    tiny(lib.resolve("../../nvidia/cublas/lib").normalize(), "libcublas.so.12");
    machine.driver("580.65.06");
    CudaNatives found = install();
    assertThat(found.state()).isEqualTo(State.OWN_LIBTORCH);
    assertThat(loadedNames()).containsExactly("libcublas.so.12");
    assertThat(System.getProperty("PYTORCH_FLAVOR")).isEqualTo("cu128");
  }

  @Test
  void theUsersLibtorchForTheCpuServes() throws IOException {
    ownLibtorch("2.7.1");
    machine.environment.put("PYTORCH_FLAVOR", "cpu-mine");
    assertThat(install().state()).isEqualTo(State.OWN_LIBTORCH);
    assertThat(System.getProperty("PYTORCH_VERSION")).isEqualTo("2.7.1");
    assertThat(System.getProperty("PYTORCH_FLAVOR")).isNull();
  }

  private Path ownLibtorch(String version) throws IOException {
    Path lib = Files.createDirectories(root.resolve("site-packages/torch/lib"));
    tiny(lib, "libtorch.so");
    Files.writeString(lib.resolveSibling("build-version"), version);
    machine.environment.put("PYTORCH_LIBRARY_PATH", lib.toString());
    return lib;
  }
}

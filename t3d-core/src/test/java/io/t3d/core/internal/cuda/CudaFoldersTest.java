package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaFoldersTest {
  @TempDir Path root;
  private TestHost machine;

  @BeforeEach
  void makeMachine() {
    machine = new TestHost(root);
  }

  private List<String> folders() {
    return CudaFolders.of(machine.host()).stream()
        .map(each -> "/" + root.relativize(each))
        .toList();
  }

  @Test
  void aBareMachineHasNone() {
    assertThat(folders()).isEmpty();
  }

  @Test
  void whatTheUserNamesComesFirst() throws IOException {
    machine.folder("/usr/local/cuda/lib64");
    machine.folder("/opt/mine/nvidia/cublas/lib");
    machine.folder("/opt/toolkit/lib64");
    machine.properties.put("t3d.cuda.path", "/opt/mine:/opt/toolkit:relative:/opt/gone");
    assertThat(folders())
        .containsExactly(
            "/opt/mine",
            "/opt/mine/nvidia/cublas/lib",
            "/opt/toolkit",
            "/opt/toolkit/lib64",
            "/usr/local/cuda/lib64");
  }

  @Test
  void theDefaultToolkitComesBeforeOthersAndNewerOnesFirst() throws IOException {
    machine.folder("/usr/local/cuda-12.4/lib64");
    machine.folder("/usr/local/cuda-12.9/lib64");
    machine.folder("/usr/local/cuda-12.9/extras/CUPTI/lib64");
    machine.folder("/usr/local/cuda/lib64");
    machine.folder("/home/me/cuda/lib64");
    machine.environment.put("CUDA_HOME", "/home/me/cuda");
    assertThat(folders())
        .containsExactly(
            "/home/me/cuda/lib64",
            "/usr/local/cuda/lib64",
            "/usr/local/cuda-12.9/lib64",
            "/usr/local/cuda-12.9/extras/CUPTI/lib64",
            "/usr/local/cuda-12.4/lib64");
  }

  @Test
  void theDynamicLoadersFoldersAreTaken() throws IOException {
    machine.folder("/usr/lib/somewhere");
    machine.folder("/usr/lib/other");
    machine.folder("/own");
    machine.environment.put("LD_LIBRARY_PATH", "/own");
    machine.loaderCache =
        """
        2 libs found in cache `/etc/ld.so.cache'
        \tlibcudnn.so.9 (libc6,x86-64) => /usr/lib/somewhere/libcudnn.so.9
        \tlibz.so.1 (libc6,x86-64) => /usr/lib/other/libz.so.1
        """;
    assertThat(folders()).containsExactly("/own", "/usr/lib/somewhere");
  }

  @Test
  void packagesOfPythonsAreTaken() throws IOException {
    machine.folder("/venv/lib/python3.12/site-packages/nvidia/cudnn/lib");
    machine.folder("/conda/lib/python3.11/site-packages/nvidia/cublas/lib");
    machine.folder("/opt/py/lib/python3.10/site-packages/nvidia/cu13/lib");
    machine.file("/opt/py/bin/python3.10", "");
    machine.folder("/usr/bin");
    Files.createSymbolicLink(
        machine.path("/usr/bin/python3"), machine.path("/opt/py/bin/python3.10"));
    machine.environment.put("VIRTUAL_ENV", "/venv");
    machine.environment.put("CONDA_PREFIX", "/conda");
    machine.environment.put("PATH", "/bin:/usr/bin");
    assertThat(folders())
        .containsExactly(
            "/venv/lib",
            "/venv/lib/python3.12/site-packages/nvidia/cudnn/lib",
            "/conda/lib",
            "/conda/lib/python3.11/site-packages/nvidia/cublas/lib",
            "/opt/py/lib",
            "/opt/py/lib/python3.10/site-packages/nvidia/cu13/lib");
  }
}

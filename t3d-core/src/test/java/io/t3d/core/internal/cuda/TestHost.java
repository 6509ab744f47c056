package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A machine in a folder. */
final class TestHost {
  final Path root;
  final Map<String, String> environment = new HashMap<>();
  final Map<String, String> properties = new HashMap<>();
  String loaderCache = "";

  TestHost(Path root) {
    this.root = root;
  }

  Host host() {
    return new Host(
        root, environment, name -> Optional.ofNullable(properties.get(name)), () -> loaderCache);
  }

  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  Path folder(String absolute) throws IOException {
    return Files.createDirectories(path(absolute));
  }

  Path file(String absolute, String text) throws IOException {
    Files.createDirectories(path(absolute).getParent());
    return Files.writeString(path(absolute), text);
  }

  /** Puts a driver and one GPU into {@code /proc}. */
  void driver(String version) throws IOException {
    file(
        "/proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  "
            + version
            + "  Release Build  (dvs-builder@U22)  Tue Mar  4 13:20:00 UTC 2025\n"
            + "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)\n");
    file(
        "/proc/driver/nvidia/gpus/0000:19:00.0/information",
        "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 123\n");
  }

  /** A library with this soname and nothing in it. */
  Path library(String folder, String soname, String... needed) throws IOException {
    return TinyLibrary.write(path(folder).resolve(soname), soname, needed);
  }

  /** A toolkit of CUDA 12 with what Maven Central lacks, cuDNN of this version among it. */
  void toolkit(String cudnn) throws IOException {
    String lib = "/usr/local/cuda-12.9/lib64";
    library(lib, "libcublasLt.so.12");
    library(lib, "libcublas.so.12", "libcublasLt.so.12");
    library(lib, "libcusparse.so.12", "libnvJitLink.so.12");
    TinyLibrary.write(path(lib).resolve("libcudnn.so." + cudnn), "libcudnn.so.9");
    Files.createSymbolicLink(path(lib).resolve("libcudnn.so.9"), Path.of("libcudnn.so." + cudnn));
    library(lib, "libcudnn_graph.so.9", "libcudnn_ops.so.9");
    library(lib, "libcudnn_ops.so.9");
  }
}

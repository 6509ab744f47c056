package io.t3d.core.internal.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folders in which NVIDIA's libraries may lie on Linux, in the order in which they are tried:
 * what the user names, what the dynamic loader knows, the toolkit, Python installations.
 */
final class CudaFolders {
  /** System property: folders of libraries, of toolkits or of pip's {@code --target}. */
  static final String PATH = "t3d.cuda.path";

  private static final Pattern CACHED = Pattern.compile("(?m)^\\s*lib(?:cu|nv)\\S+ .*=> (/\\S+)$");
  private static final List<String> BELOW_A_TOOLKIT =
      List.of("lib64", "lib", "targets/x86_64-linux/lib", "extras/CUPTI/lib64");

  private final Host host;
  private final Set<Path> found = new LinkedHashSet<>();

  private CudaFolders(Host host) {
    this.host = host;
  }

  /** Folders that exist, each once. */
  static List<Path> of(Host host) {
    CudaFolders all = new CudaFolders(host);
    host.property(PATH).ifPresent(list -> host.folders(list).forEach(all::addNamed));
    host.variable("LD_LIBRARY_PATH").ifPresent(list -> host.folders(list).forEach(all::add));
    all.addToolkits();
    all.addLoaderCache();
    all.addPythons();
    return List.copyOf(all.found);
  }

  private void add(Path folder) {
    if (Files.isDirectory(folder)) {
      found.add(folder);
    }
  }

  private void addNamed(Path folder) {
    add(folder);
    addToolkit(folder);
    addNvidia(folder);
  }

  private void addToolkit(Path folder) {
    BELOW_A_TOOLKIT.forEach(each -> add(folder.resolve(each)));
  }

  /** {@code /usr/local/cuda} first, then the others, newest first. */
  private void addToolkits() {
    for (String name : List.of("CUDA_HOME", "CUDA_PATH")) {
      host.variable(name).ifPresent(list -> host.folders(list).forEach(this::addToolkit));
    }
    addToolkit(host.path("/usr/local/cuda"));
    List<Path> local = Host.entries(host.path("/usr/local"));
    for (int i = local.size() - 1; i >= 0; i--) {
      if (local.get(i).getFileName().toString().startsWith("cuda-")) {
        addToolkit(local.get(i));
      }
    }
  }

  private void addLoaderCache() {
    Matcher lines = CACHED.matcher(host.loaderCache().get());
    while (lines.find()) {
      Path folder = host.belowRoot(lines.group(1)).getParent();
      if (folder != null) {
        add(folder);
      }
    }
    add(host.path("/usr/lib/x86_64-linux-gnu"));
    add(host.path("/usr/lib64"));
  }

  private void addPythons() {
    for (String name : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      host.variable(name).ifPresent(list -> host.folders(list).forEach(this::addPython));
    }
    pythonOnThePath().ifPresent(this::addPython);
    host.property("user.home")
        .map(home -> host.belowRoot(home + "/.local"))
        .ifPresent(this::addPython);
    addPython(host.path("/usr/local"));
  }

  /** The folder above the {@code bin} that python3 is in, links followed. */
  private Optional<Path> pythonOnThePath() {
    for (Path folder : host.variable("PATH").map(host::folders).orElse(List.of())) {
      Path python = folder.resolve("python3");
      if (Files.exists(python)) {
        Path real = Links.real(python).getParent();
        return Optional.ofNullable(real == null ? null : real.getParent());
      }
    }
    return Optional.empty();
  }

  private void addPython(Path prefix) {
    add(prefix.resolve("lib")); // conda's own libraries
    for (Path python : Host.entries(prefix.resolve("lib"))) {
      if (python.getFileName().toString().startsWith("python3")) {
        addNvidia(python.resolve("site-packages"));
        addNvidia(python.resolve("dist-packages"));
      }
    }
  }

  /** pip's packages of NVIDIA's libraries: {@code nvidia/cublas/lib} and so on. */
  private void addNvidia(Path packages) {
    Host.entries(packages.resolve("nvidia")).forEach(each -> add(each.resolve("lib")));
  }
}

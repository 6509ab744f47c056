package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which libraries of NVIDIA's must be loaded before a CUDA libtorch, and in which order.
 *
 * <p>The dynamic loader asks for a library by its soname, and takes one that is in the process
 * already before it searches any folder. So whatever a library {@linkplain ElfFile#needed needs} is
 * loaded before it, by its path: then neither {@code LD_LIBRARY_PATH} nor the paths that were built
 * into the libraries matter. The same holds for what cuDNN and NVRTC open by name while they run.
 *
 * @param libraries in the order of loading
 * @param missing sonames that libtorch needs and no folder has
 * @param refused what was found but is too old, as sentences
 */
record LoadPlan(List<FoundLibrary> libraries, List<String> missing, List<String> refused) {
  /** Libtorch 2.7.1 was built with it, and refuses an older one at the first convolution. */
  static final String LEAST_CUDNN = "9.10";

  /** What NVIDIA's libraries on Maven Central lack: it must be on the machine. */
  static final List<String> FROM_THE_MACHINE =
      List.of("libcublasLt.so.12", "libcublas.so.12", "libcusparse.so.12", "libcudnn.so.9");

  /**
   * Opened by name by libtorch when it compiles a kernel or does linear algebra: T3D does neither.
   */
  private static final List<String> EXTRAS = List.of("libnvrtc.so.12", "libcusolver.so.11");

  /** Libraries that open others of these names beside them. */
  private static final Map<String, String> COMPANIONS =
      Map.of("libcudnn.so.9", "libcudnn_", "libnvrtc.so.12", "libnvrtc-builtins.so.");

  private static final List<String> PREFIXES =
      List.of("libcu", "libnv", "libopenblas", "libgfortran", "libquadmath");

  /**
   * Plans for the libraries of a libtorch.
   *
   * @param libtorch its folder
   * @param folders where to look, best first
   */
  static LoadPlan of(Path libtorch, List<Path> folders) throws IOException {
    Search search = new Search(folders);
    for (String name : List.of("libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so")) {
      Path file = libtorch.resolve(name);
      if (Files.isRegularFile(file)) {
        search.addNeeds(file, libtorch);
      }
    }
    EXTRAS.forEach(search::addIfThere);
    return search.plan();
  }

  /**
   * The same for sonames alone, before there is a libtorch to ask; their own needs are left out.
   */
  static LoadPlan of(List<String> sonames, List<Path> folders) {
    Search search = new Search(folders);
    for (String each : sonames) {
      search.require(each).ifPresent(library -> search.loaded.put(each, library));
    }
    return search.plan();
  }

  /** What keeps libtorch from loading; empty when all is there. */
  Optional<String> problem() {
    if (!refused.isEmpty()) {
      return Optional.of(String.join("; ", refused));
    }
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(String.join(", ", names(missing)) + " not found");
  }

  private static List<String> names(List<String> sonames) {
    Map<String, List<String>> products = new LinkedHashMap<>();
    for (String each : sonames) {
      products.computeIfAbsent(FoundLibrary.product(each), p -> new ArrayList<>()).add(each);
    }
    return products.entrySet().stream()
        .map(e -> e.getKey() + " (" + String.join(", ", e.getValue()) + ")")
        .toList();
  }

  /** Whether to look for a library: the system's are the loader's matter, the driver's too. */
  private static boolean isOurs(String soname) {
    return PREFIXES.stream().anyMatch(soname::startsWith) && !soname.startsWith("libcuda.so");
  }

  /** Depth first, so that what is needed comes before what needs it. */
  private static final class Search {
    private final List<Path> folders;
    private final Map<String, FoundLibrary> loaded = new LinkedHashMap<>();
    private final Set<String> visited = new HashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    Search(List<Path> folders) {
      this.folders = folders;
    }

    LoadPlan plan() {
      return new LoadPlan(List.copyOf(loaded.values()), List.copyOf(missing), List.copyOf(refused));
    }

    void addIfThere(String soname) {
      if (visited.add(soname)) {
        find(soname).ifPresent(this::add);
      }
    }

    private void addNeeded(String soname) {
      if (visited.add(soname)) {
        require(soname).ifPresent(this::add);
      }
    }

    /** The library, or a note that it is missing or too old. */
    Optional<FoundLibrary> require(String soname) {
      int before = refused.size();
      Optional<FoundLibrary> found = find(soname);
      if (found.isEmpty() && refused.size() == before) {
        missing.add(soname);
      }
      return found;
    }

    /** What a file needs, but for what lies beside it in its own folder and the system's. */
    private void addNeeds(Path file, Path own) throws IOException {
      for (String each : ElfFile.read(file).map(ElfFile::needed).orElse(List.of())) {
        if (isOurs(each) && !Files.exists(own.resolve(each))) {
          addNeeded(each);
        }
      }
    }

    private void add(FoundLibrary library) {
      Path real = Links.real(library.file());
      Path folder = library.file().toAbsolutePath().getParent();
      try {
        for (String each : ElfFile.read(real).map(ElfFile::needed).orElse(List.of())) {
          if (isOurs(each)) {
            addBesideOrElsewhere(folder, each);
          }
        }
      } catch (IOException e) {
        missing.add(library.soname());
        return;
      }
      loaded.put(library.soname(), library);
      String companions = COMPANIONS.get(library.soname());
      if (companions != null) {
        for (Path file : Host.entries(folder)) {
          String name = file.getFileName().toString();
          if (name.startsWith(companions) && isSoname(file, name) && visited.add(name)) {
            FoundLibrary.in(folder, name).ifPresent(this::add);
          }
        }
      }
    }

    /** A library's own neighbours fit it best: two releases of a toolkit are not mixed. */
    private void addBesideOrElsewhere(Path folder, String soname) {
      if (visited.contains(soname)) {
        return;
      }
      Optional<FoundLibrary> beside = FoundLibrary.in(folder, soname);
      if (beside.isPresent()) {
        visited.add(soname);
        add(beside.get());
      } else {
        addNeeded(soname);
      }
    }

    /** Of several names of one file, that by which it is asked for. */
    private static boolean isSoname(Path file, String name) {
      try {
        return ElfFile.read(file).flatMap(ElfFile::soname).filter(name::equals).isPresent();
      } catch (IOException e) {
        return false;
      }
    }

    private Optional<FoundLibrary> find(String soname) {
      FoundLibrary old = null;
      for (Path folder : folders) {
        Optional<FoundLibrary> found = FoundLibrary.in(folder, soname);
        if (found.isPresent()) {
          if (!soname.startsWith("libcudnn.") || !found.get().isOlderThan(LEAST_CUDNN)) {
            return found;
          }
          old = old == null ? found.get() : old;
        }
      }
      if (old != null) {
        refused.add(
            FoundLibrary.product(soname)
                + " must be "
                + LEAST_CUDNN
                + " or newer, got "
                + old.version()
                + " in "
                + old.file().getParent());
      }
      return Optional.empty();
    }
  }
}

package io.t3d.core.internal.cuda;

import ai.djl.util.Utils;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.NativeLibrary;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the CUDA natives of the class path ready for DJL's engine, once, before it starts.
 *
 * <ol>
 *   <li>Of {@code org.bytedeco:pytorch} with classifier {@code linux-x86_64-gpu} it takes libtorch
 *       with CUDA, of {@code org.bytedeco:cuda-redist} the part of CUDA's libraries that is on
 *       Maven Central, and unpacks both into DJL's cache ({@code ~/.djl.ai/t3d}; the variable
 *       {@code DJL_CACHE_DIR} moves it).
 *   <li>cuBLAS, cuSPARSE and cuDNN are not there, and are found on the machine: in {@code
 *       -Dt3d.cuda.path}, {@code LD_LIBRARY_PATH}, the CUDA toolkit, the dynamic loader's folders,
 *       and pip's packages.
 *   <li>All that libtorch needs is loaded in the order of need, and DJL is told of libtorch by its
 *       own system properties.
 * </ol>
 *
 * <p>Where something is missing, the CPU's natives serve and one warning says what and how to mend
 * it. {@code -Dt3d.cuda=off} has the CPU's natives serve in any case. A libtorch that the user
 * names with {@code PYTORCH_LIBRARY_PATH} is taken, provided that it is of the right version.
 */
public final class CudaNatives {
  /** System property; {@code off} leaves the CUDA natives alone. */
  public static final String PROPERTY = "t3d.cuda";

  /** What puts NVIDIA's remaining libraries on a machine, for messages. */
  static final String MEND =
      "install CUDA 12 and cuDNN 9.10 or newer, or pip install --target /opt/t3d-cuda"
          + " nvidia-cublas-cu12 nvidia-cusparse-cu12 nvidia-cudnn-cu12 and pass"
          + " -Dt3d.cuda.path=/opt/t3d-cuda (docs/gpu.md)";

  private static final String NO_DRIVER =
      "this machine shows no NVIDIA driver (/proc/driver/nvidia/version); check nvidia-smi, and in a"
          + " container --gpus all";
  private static final String NO_GPU =
      "the driver shows no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES";

  private static final Logger logger = LoggerFactory.getLogger(CudaNatives.class);
  private static final Supplier<CudaNatives> INSTALLED = Suppliers.memoize(CudaNatives::ofThisJvm);

  private static final String TORCH = "org/bytedeco/pytorch/linux-x86_64-gpu/";
  private static final String CUDA = "org/bytedeco/cuda/linux-x86_64/";
  private static final String OPENBLAS = "org/bytedeco/openblas/linux-x86_64/";
  private static final String LIBTORCH = "libtorch";
  private static final String LIBRARIES = "libraries";

  /**
   * Where a resource goes. The libraries of libtorch alone in theirs: DJL loads all it finds there.
   */
  private static final Map<String, List<String>> FILES =
      Map.of(
          TORCH,
          List.of(
              "libtorch.so",
              "libtorch_cpu.so",
              "libtorch_cuda.so",
              "libtorch_cuda_linalg.so",
              "libc10.so",
              "libc10_cuda.so",
              "libgomp.so.1"),
          CUDA,
          List.of(
              "libcudart.so.12",
              "libcufft.so.11",
              "libcufile.so.0",
              "libcupti.so.12",
              "libcurand.so.10",
              "libnvJitLink.so.12",
              "libnvrtc.so.12",
              "libnvrtc-builtins.so.12.9"),
          OPENBLAS,
          List.of("libopenblas.so.0", "libgfortran.so.5", "libquadmath.so.0"));

  private static final String BARE_CUDART = "libcudart.so";
  private static final String LIBRARY_PATH = "PYTORCH_LIBRARY_PATH";
  private static final String FLAVOR = "PYTORCH_FLAVOR";
  private static final String RELEASE = "PYTORCH_VERSION";

  /** How things stand. */
  public enum State {
    /** No CUDA natives are on the class path: the CPU's serve. */
    ABSENT,
    /** {@code -Dt3d.cuda=off}. */
    OFF,
    /** They are on the class path, and the machine shows no NVIDIA driver. */
    NO_DRIVER,
    /** They are on the class path, there is a driver, and something is missing or too old. */
    BROKEN,
    /** The user's own libtorch serves. */
    OWN_LIBTORCH,
    /** They are loaded, and DJL knows of them. */
    READY
  }

  private final State state;
  private final String reason;
  private final List<FoundLibrary> libraries;

  private CudaNatives(State state, String reason, List<FoundLibrary> libraries) {
    this.state = state;
    this.reason = reason;
    this.libraries = libraries;
  }

  /**
   * Makes them ready, in the first call; {@code TorchEngine} does so before it starts DJL.
   *
   * @throws T3dException when {@code PYTORCH_LIBRARY_PATH} names a libtorch that does not fit
   */
  public static CudaNatives install() {
    return INSTALLED.get();
  }

  private static CudaNatives ofThisJvm() {
    boolean fits =
        System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")
            && System.getProperty("os.arch").equals("amd64");
    if (!fits) {
      return new CudaNatives(
          State.ABSENT, "T3D brings CUDA natives for Linux x86-64 alone", List.of());
    }
    CudaNatives found =
        new Installation(
                Host.current(),
                CudaNatives.class.getClassLoader(),
                Utils.getCacheDir().resolve("t3d"),
                CudaNatives::load)
            .run();
    switch (found.state) {
      case BROKEN -> logger.warn("No GPU will be used: {}", found.reason);
      case NO_DRIVER -> logger.info("No GPU will be used: {}", found.reason);
      default -> logger.debug("CUDA natives: {}, {}", found.state, found.reason);
    }
    return found;
  }

  /** In a method of this class, since Java looks at who calls it. */
  private static void load(String path) {
    System.load(path);
  }

  public State state() {
    return state;
  }

  /** Why there is no GPU and what helps; that there should be one where the state is good. */
  public String reason() {
    return reason;
  }

  /** NVIDIA's libraries and OpenBLAS as they were loaded, in that order; none unless ready. */
  public List<FoundLibrary> libraries() {
    return libraries;
  }

  /** One installation: everything that a test must be able to replace. */
  static final class Installation {
    private final Host host;
    private final ClassLoader classPath;
    private final Path cache;
    private final Consumer<String> loader;

    /**
     * Prepares it.
     *
     * @param classPath has the natives' jars, or not
     * @param cache is above the folder that they are unpacked to
     * @param loader loads a library by its path, e.g. {@code System::load}
     */
    Installation(Host host, ClassLoader classPath, Path cache, Consumer<String> loader) {
      this.host = host;
      this.classPath = classPath;
      this.cache = cache;
      this.loader = loader;
    }

    CudaNatives run() {
      try {
        Optional<String> own = host.setting(LIBRARY_PATH);
        if (own.isPresent()) {
          return own(own.get());
        }
        if ("off".equalsIgnoreCase(host.property(PROPERTY).orElse(""))) {
          return new CudaNatives(
              State.OFF, "it is switched off by -D" + PROPERTY + "=off", List.of());
        }
        if (classPath.getResource(TORCH + "libtorch_cuda.so") == null) {
          return new CudaNatives(
              State.ABSENT,
              "no CUDA natives are on the class path: build with -Dcuda, or depend on"
                  + " io.t3d:t3d-cuda (docs/gpu.md)",
              List.of());
        }
        return fromTheClassPath();
      } catch (IOException e) {
        return broken("the CUDA natives cannot be unpacked or read: " + e.getMessage());
      }
    }

    private CudaNatives fromTheClassPath() throws IOException {
      Optional<NvidiaDriver> driver = NvidiaDriver.of(host);
      if (driver.isEmpty()) {
        return new CudaNatives(State.NO_DRIVER, NO_DRIVER, List.of());
      }
      Optional<String> old = driver.get().problem();
      if (old.isPresent()) {
        return broken(old.get());
      }
      List<Path> folders = CudaFolders.of(host);
      // Before two gigabytes are unpacked for nothing.
      Optional<String> missing = LoadPlan.of(LoadPlan.FROM_THE_MACHINE, folders).problem();
      if (missing.isPresent()) {
        return broken(missing.get() + "; " + MEND);
      }
      Path unpacked = natives().make();
      Path libtorch = unpacked.resolve(LIBTORCH);
      List<Path> all = new ArrayList<>(List.of(unpacked.resolve(LIBRARIES)));
      all.addAll(folders);
      LoadPlan plan = LoadPlan.of(libtorch, all);
      if (plan.problem().isPresent()) {
        return broken(plan.problem().get() + "; " + MEND);
      }
      Optional<String> failure = load(plan);
      if (failure.isPresent()) {
        return broken(failure.get());
      }
      tellDjl(Optional.of(libtorch), "cu128");
      return new CudaNatives(State.READY, NO_GPU, plan.libraries());
    }

    /** The folder that the jars of the class path are to be unpacked to. */
    UnpackedNatives natives() throws IOException {
      List<UnpackedNatives.Item> items = new ArrayList<>();
      for (String from : List.of(TORCH, CUDA, OPENBLAS)) {
        String folder = from.equals(TORCH) ? LIBTORCH : LIBRARIES;
        for (String name : FILES.get(from)) {
          URL source = classPath.getResource(from + name);
          if (source == null) {
            throw new IOException(
                from
                    + name
                    + " is not on the class path; depend on io.t3d:t3d-cuda, which brings what"
                    + " belongs together");
          }
          items.add(UnpackedNatives.Item.of(folder + "/" + name, source));
        }
      }
      return new UnpackedNatives(cache, "libtorch-" + LibtorchFolder.VERSION + "-cu128", items);
    }

    /**
     * The user's libtorch: what it needs and is found is loaded, the rest is the loader's matter.
     */
    private CudaNatives own(String path) throws IOException {
      Path folder = ownFolder(path);
      Optional<String> version = LibtorchFolder.version(folder);
      if (version.isPresent() && !LibtorchFolder.fits(version.get())) {
        throw new T3dException(
            T3dException.Kind.ENVIRONMENT,
            LIBRARY_PATH
                + " must name a libtorch "
                + LibtorchFolder.VERSION
                + ", got "
                + version.get()
                + " in "
                + folder
                + "; name another, or unset it: the natives of the class path then serve");
      }
      boolean cuda = Files.exists(folder.resolve("libtorch_cuda.so"));
      List<FoundLibrary> libraries = List.of();
      if (cuda) {
        List<Path> folders = new ArrayList<>();
        // Where PyTorch's own packages look: beside torch.
        Path torch = folder.toAbsolutePath().getParent();
        if (torch != null && torch.getParent() != null) {
          Host.entries(torch.resolveSibling("nvidia")).forEach(e -> folders.add(e.resolve("lib")));
        }
        folders.addAll(CudaFolders.of(host));
        LoadPlan plan = LoadPlan.of(folder, folders);
        Optional<String> failure =
            plan.refused().isEmpty()
                ? load(plan)
                : Optional.of(String.join("; ", plan.refused()) + "; " + MEND);
        if (failure.isPresent()) {
          throw new T3dException(T3dException.Kind.ENVIRONMENT, sentence(failure.get()));
        }
        libraries = plan.libraries();
      }
      tellDjl(Optional.empty(), cuda ? "cu128" : "cpu");
      String reason =
          cuda
              ? NvidiaDriver.of(host)
                  .map(driver -> driver.problem().orElse(NO_GPU))
                  .orElse(NO_DRIVER)
              : LIBRARY_PATH + " names a libtorch without CUDA, " + folder;
      return new CudaNatives(State.OWN_LIBTORCH, reason, libraries);
    }

    private Path ownFolder(String path) {
      for (String each : path.split(File.pathSeparator, -1)) {
        Path folder = Path.of(each);
        if (Files.isRegularFile(folder) && folder.endsWith("libtorch.so")) {
          return folder.toAbsolutePath().getParent();
        }
        if (Files.isRegularFile(folder.resolve("libtorch.so"))) {
          return folder;
        }
      }
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          LIBRARY_PATH
              + " must name a folder with libtorch.so, got "
              + path
              + "; unset it, and the natives of the class path serve");
    }

    private Optional<String> load(LoadPlan plan) {
      for (FoundLibrary each : plan.libraries()) {
        try {
          loader.accept(each.file().toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
          // cuDNN opens its parts by itself when they are wanted; the others must be there.
          boolean part = each.soname().matches("libcudnn_.*|libnvrtc.*|libcusolver.*");
          if (!part) {
            return Optional.of(each.soname() + " does not load: " + e.getMessage());
          }
          logger.debug("{} does not load", each.file(), e);
        }
      }
      for (FoundLibrary each : plan.libraries()) {
        if (each.soname().startsWith("libcudart.")) {
          try {
            NativeLibrary.addSearchPath("cudart", bareName(each.file()).toString());
          } catch (IOException e) {
            return Optional.of("the link " + BARE_CUDART + " cannot be made: " + e.getMessage());
          }
        }
      }
      return Optional.empty();
    }

    /**
     * A folder in which CUDA's runtime goes by its bare name: DJL counts GPUs through JNA, which
     * asks for that and would else take any other release that the system has. A link, so that the
     * loader sees that it has the library already.
     */
    private Path bareName(Path runtime) throws IOException {
      Path real = Links.real(runtime.toAbsolutePath());
      Path beside = runtime.resolveSibling(BARE_CUDART);
      if (Links.real(beside).equals(real)) {
        return beside.toAbsolutePath().getParent();
      }
      Path folder =
          AtomicFiles.makeFolder(
              cache.resolve(String.format("cudart-%08x", real.toString().hashCode())));
      Path link = folder.resolve(BARE_CUDART);
      if (!Links.real(link).equals(real)) {
        Files.deleteIfExists(link);
        try {
          Files.createSymbolicLink(link, real);
        } catch (FileAlreadyExistsException e) {
          logger.debug("Another process has made {}", link, e);
        }
      }
      return folder;
    }

    /** DJL reads these as variables first, then as properties. */
    private void tellDjl(Optional<Path> libtorch, String flavor) {
      libtorch.ifPresent(folder -> set(LIBRARY_PATH, folder.toString()));
      set(RELEASE, LibtorchFolder.VERSION);
      set(FLAVOR, flavor);
    }

    private void set(String name, String value) {
      if (host.setting(name).isEmpty()) {
        System.setProperty(name, value);
      }
    }

    private static CudaNatives broken(String reason) {
      return new CudaNatives(State.BROKEN, reason, List.of());
    }

    private static String sentence(String text) {
      return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
  }
}

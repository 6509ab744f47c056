package io.t3d.core.torch;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.LibUtils;
import io.t3d.core.T3dException;
import io.t3d.core.internal.JavaCpp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Loads the JavaCPP presets for PyTorch on the libtorch that DJL has loaded already.
 *
 * <p>Both are built on one release of libtorch with one C++ ABI, and the presets' JNI library finds
 * each symbol that it needs in DJL's libtorch. Two copies of libtorch in one process would not know
 * each other's tensors, so the loader checks afterwards that there is one.
 */
final class BridgeLoader {
  private static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";
  private static final String CPU_JNI = "org/bytedeco/pytorch/linux-x86_64/libjnitorch.so";

  /** What loads the natives; a test passes one that fails. */
  interface Natives {
    void load() throws IOException;
  }

  private BridgeLoader() {}

  /**
   * Tries to load.
   *
   * @param setting the value of {@link TorchBridge#PROPERTY}, null when not set
   * @param natives the work
   * @return empty on success, else why not and what helps
   */
  static Optional<String> load(@Nullable String setting, Natives natives) {
    if ("off".equalsIgnoreCase(setting)) {
      return Optional.of("it is switched off by -D" + TorchBridge.PROPERTY + "=off");
    }
    try {
      natives.load();
      return Optional.empty();
    } catch (IOException | RuntimeException | LinkageError e) {
      return Optional.of(
          rootMessage(e)
              + "; put the natives for this platform on the class path: org.bytedeco:pytorch "
              + torch.TORCH_VERSION
              + "-1.5.12, org.bytedeco:openblas and org.bytedeco:javacpp, each with classifier "
              + platform()
              + " (docs/natives.md)");
    }
  }

  /** Loads the presets' JNI library; about a second. */
  static void loadPresets() throws IOException {
    Path libtorch = djlLibtorch();
    JavaCpp.prepare();
    // Read by JavaCPP when its Loader starts: DJL's folder goes before the presets' own jar.
    System.setProperty("org.bytedeco.javacpp.pathsfirst", "true");
    System.setProperty("org.bytedeco.javacpp.platform.preloadpath", libtorch.toString());
    System.setProperty("org.bytedeco.javacpp.platform.linkpath", libtorch.toString());
    // With CUDA's jar on the class path JavaCPP would take the JNI library of that one, and unpack
    // and
    // load a second copy of CUDA's libraries; that of the CPU's jar is the same.
    if (System.getProperty(EXTENSION) == null
        && BridgeLoader.class.getClassLoader().getResource(CPU_JNI) != null) {
      System.setProperty(EXTENSION, "");
    }
    // JavaCPP keeps the properties it read at its first use, which may have been by another
    // library.
    Loader.loadProperties(true);
    Loader.load(torch.class);
    checkVersion();
    checkOneLibtorch(loadedLibraries("libtorch_cpu.so"));
  }

  /** Starts DJL's engine, if need be, and returns the folder that holds its libtorch. */
  static Path djlLibtorch() {
    Engine engine = TorchEngine.get();
    try (NDManager manager = engine.newBaseManager()) {
      manager.zeros(new Shape(1)).close(); // first use: natives are in
    }
    return Path.of(LibUtils.getLibtorchPath());
  }

  /** Refuses a second copy of libtorch: its tensors would crash the JVM. */
  static void checkOneLibtorch(Set<String> libraries) {
    if (libraries.size() > 1) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "two copies of libtorch are loaded, "
              + libraries
              + ": start T3D before other users of JavaCPP, or set the system property"
              + " org.bytedeco.javacpp.pathsfirst=true");
    }
  }

  /** Paths of the libraries of that file name in this process; empty where the OS does not tell. */
  static Set<String> loadedLibraries(String fileName) throws IOException {
    Path maps = Path.of("/proc/self/maps");
    if (!Files.isReadable(maps)) {
      return Set.of();
    }
    try (Stream<String> lines = Files.lines(maps)) {
      return lines
          .filter(line -> line.endsWith("/" + fileName))
          .map(line -> line.substring(line.indexOf('/')))
          .collect(Collectors.toUnmodifiableSet());
    }
  }

  private static void checkVersion() {
    String config;
    try (BytePointer text = torch.show_config()) {
      config = text.getString();
    }
    if (!config.contains("TORCH_VERSION=" + torch.TORCH_VERSION)) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "DJL's libtorch must be " + torch.TORCH_VERSION + ", it says: " + config.strip());
    }
  }

  private static String platform() {
    try {
      return Loader.getPlatform();
    } catch (LinkageError e) {
      return "<platform>"; // not even the Java part of JavaCPP is there
    }
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage();
    return message == null || root instanceof ClassNotFoundException
        ? root.toString()
        : message.strip().replaceFirst("\\.$", "");
  }
}

package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * NVIDIA's driver as the kernel tells of it; {@code nvidia-smi} is not asked.
 *
 * @param version e.g. {@code 580.65.06}; empty where a device is there but the kernel tells none,
 *     as under WSL
 * @param gpus their models, in the kernel's order
 */
public record NvidiaDriver(Optional<String> version, List<String> gpus) {
  /**
   * What any CUDA 12 needs: by NVIDIA's minor-version compatibility, machine code for the GPU runs
   * on it; what the driver itself must compile does not.
   */
  public static final String LEAST = "525.60.13";

  /** The driver that CUDA 12.9, the release of the natives, came with: with it all works. */
  public static final String FULL = "575.51.03";

  private static final Pattern VERSION =
      Pattern.compile("Module(?: for \\S+)?\\s+(\\d+(?:\\.\\d+)+)");
  private static final Pattern MODEL = Pattern.compile("(?m)^Model:\\s*(.+?)\\s*$");

  /** The driver of a machine; empty where there is no sign of one. */
  public static Optional<NvidiaDriver> of(Host host) {
    Path kernel = host.path("/proc/driver/nvidia");
    Optional<String> text = read(kernel.resolve("version"));
    boolean device =
        Files.exists(host.path("/dev/nvidiactl")) || Files.exists(host.path("/dev/dxg"));
    if (text.isEmpty() && !device) {
      return Optional.empty();
    }
    List<String> gpus = new ArrayList<>();
    for (Path gpu : Host.entries(kernel.resolve("gpus"))) {
      read(gpu.resolve("information")).flatMap(t -> first(MODEL, t)).ifPresent(gpus::add);
    }
    return Optional.of(new NvidiaDriver(text.flatMap(t -> first(VERSION, t)), List.copyOf(gpus)));
  }

  /** What is wrong with the driver for CUDA 12; empty when nothing is known to be. */
  public Optional<String> problem() {
    return version
        .filter(v -> isOlder(v, LEAST))
        .map(
            v ->
                "NVIDIA's driver must be "
                    + LEAST
                    + " or newer for CUDA 12 ("
                    + FULL
                    + " for all of CUDA 12.9), got "
                    + v
                    + "; install a newer driver and restart");
  }

  /** What works only with a newer driver; empty with {@link #FULL} and newer. */
  public Optional<String> note() {
    return version
        .filter(v -> !isOlder(v, LEAST) && isOlder(v, FULL))
        .map(
            v ->
                "driver "
                    + v
                    + " is older than CUDA 12.9's "
                    + FULL
                    + ": kernels run, but those that are compiled on the spot (NVRTC, some of"
                    + " cuDNN's) may not; a newer driver has all");
  }

  private static boolean isOlder(String version, String than) {
    return Version.parse(version).compareTo(Version.parse(than)) < 0;
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Optional.of(found.group(1)) : Optional.empty();
  }

  private static Optional<String> read(Path file) {
    try {
      return Files.isReadable(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}

package io.t3d.bench.report;

import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What a table's figures depend on: processor, GPU, driver, versions. */
final class Machine {
  private static final double SECONDS = 20;

  private Machine() {}

  /**
   * Name → value, in the order to show.
   *
   * @param home the checkout
   * @param gpu whether the GPU is asked too
   */
  static Map<String, String> describe(Path home, boolean gpu, List<String> python) {
    Map<String, String> out = new LinkedHashMap<>();
    out.put(
        "processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores");
    if (gpu) {
      out.put("GPU", smi(home, "name,memory.total").orElse("nvidia-smi does not tell"));
      out.put("driver", smi(home, "driver_version").orElse("nvidia-smi does not tell"));
    }
    out.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    out.put("Java", System.getProperty("java.runtime.version"));
    out.put("T3D", first(home, "git", "describe", "--always", "--dirty").orElse("no git checkout"));
    out.put("libtorch", TorchEngine.get().getVersion());
    if (!python.isEmpty()) {
      out.put("PyTorch", torch(home, python).orElse("none"));
    }
    return out;
  }

  /** The version of PyTorch that a Python has, with its CUDA; empty without one. */
  static Optional<String> torch(Path home, List<String> python) {
    String code =
        "import torch; print('torch', torch.__version__, 'CUDA', torch.version.cuda,"
            + " torch.cuda.is_available())";
    return first(home, python.get(0), "-c", code)
        .filter(line -> line.startsWith("torch "))
        .map(line -> line.substring("torch ".length()));
  }

  /** MiB of the first GPU in use, all processes together; empty where none tells. */
  static Optional<Integer> usedMiB(Path home) {
    return smi(home, "memory.used").map(line -> Integer.valueOf(line.replaceAll("\\D", "")));
  }

  private static Optional<String> smi(Path home, String fields) {
    return first(home, "nvidia-smi", "--query-gpu=" + fields, "--format=csv,noheader");
  }

  /** The first line that a command prints, if it ends well. */
  private static Optional<String> first(Path home, String... command) {
    try (Commands run = new Commands(List.of(command), home, Map.of())) {
      boolean well = run.ends(SECONDS) && run.code() == 0;
      return well ? run.lines().stream().findFirst() : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // no such program
    }
  }

  private static String processor() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("of unknown name");
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}

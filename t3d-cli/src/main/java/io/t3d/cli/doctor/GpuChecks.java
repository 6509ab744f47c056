package io.t3d.cli.doctor;

import io.t3d.core.T3dException;
import io.t3d.core.internal.cuda.CudaNatives;
import io.t3d.core.internal.cuda.CudaNatives.State;
import io.t3d.core.internal.cuda.FoundLibrary;
import io.t3d.core.internal.cuda.Host;
import io.t3d.core.internal.cuda.NvidiaDriver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** NVIDIA's driver and CUDA's libraries. */
final class GpuChecks {
  private static final String DRIVER = "gpu driver";
  private static final String NATIVES = "cuda";
  private static final long SECONDS = 20;

  private GpuChecks() {}

  static List<Finding> all() {
    List<Finding> out = new ArrayList<>();
    Optional<NvidiaDriver> driver = NvidiaDriver.of(Host.current());
    out.add(driver(driver, driver.isPresent() ? nvidiaSmi() : ""));
    try {
      CudaNatives natives = CudaNatives.install();
      out.add(natives(natives.state(), natives.reason(), driver.isPresent()));
      for (FoundLibrary each : natives.libraries()) {
        out.add(
            Finding.ok("cuda library", each.soname() + " " + each.version() + ", " + each.file()));
      }
    } catch (T3dException e) {
      out.add(Finding.failed(NATIVES, e.getMessage(), "unset PYTORCH_LIBRARY_PATH"));
    }
    return out;
  }

  /**
   * The driver.
   *
   * @param smi what {@code nvidia-smi} printed, a GPU a line; may be empty
   */
  static Finding driver(Optional<NvidiaDriver> driver, String smi) {
    if (driver.isEmpty()) {
      return Finding.leftOut(
          DRIVER,
          "none: no /proc/driver/nvidia/version",
          "install NVIDIA's driver for a GPU; in a container start it with --gpus all");
    }
    NvidiaDriver d = driver.get();
    String gpus =
        smi.isBlank() ? String.join("; ", d.gpus()) : String.join("; ", smi.lines().toList());
    String text = d.version().orElse("of unknown version") + (gpus.isBlank() ? "" : "; " + gpus);
    if (d.problem().isPresent()) {
      return Finding.warning(DRIVER, text, d.problem().get());
    }
    return d.note().isPresent()
        ? Finding.warning(DRIVER, text, d.note().get())
        : Finding.ok(DRIVER, text);
  }

  /** The natives; without them a machine with a GPU is worth a warning. */
  static Finding natives(State state, String reason, boolean driver) {
    return switch (state) {
      case READY -> Finding.ok(NATIVES, "libraries are loaded:");
      case OWN_LIBTORCH -> Finding.ok(NATIVES, "PYTORCH_LIBRARY_PATH is followed");
      case OFF -> Finding.leftOut(NATIVES, reason, "leave -Dt3d.cuda=off out");
      case NO_DRIVER -> Finding.leftOut(NATIVES, reason, "nvidia-smi tells whether a driver runs");
      case BROKEN -> Finding.warning(NATIVES, head(reason), tail(reason));
      case ABSENT ->
          driver
              ? Finding.warning(NATIVES, reason, "T3D_MAVEN_OPTS=-Dcuda ./t3d doctor")
              : Finding.leftOut(NATIVES, reason, "T3D_MAVEN_OPTS=-Dcuda ./t3d doctor");
    };
  }

  private static String head(String sentence) {
    int at = sentence.indexOf("; ");
    return at < 0 ? sentence : sentence.substring(0, at);
  }

  private static String tail(String sentence) {
    int at = sentence.indexOf("; ");
    return at < 0 ? "docs/gpu.md" : sentence.substring(at + 2);
  }

  /** A GPU a line, with its memory; empty where the tool is not there or fails. */
  private static String nvidiaSmi() {
    try {
      Process process =
          new ProcessBuilder("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      process.getOutputStream().close();
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "";
      }
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.exitValue() == 0 ? text.strip() : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}

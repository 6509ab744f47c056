package io.t3d.cli.launch;

import ai.djl.Device;
import io.t3d.core.T3dException;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.pipeline.PretrainConfig;
import java.util.Optional;
import java.util.Set;

/** What a process that {@code t3d launch} has started knows of its place. */
public final class LaunchedWorker {
  /** Variable of the environment: the process of {@code t3d launch}, with which workers end. */
  static final String LAUNCHER = "T3D_LAUNCHER";

  private static final Set<String> ANY_GPU = Set.of("auto", "gpu");

  private LaunchedWorker() {}

  /** Whether this process is one. */
  public static boolean isOne() {
    return System.getenv(Rendezvous.RANK) != null;
  }

  /**
   * Joins the other workers; a group of one where this process stands alone. A worker ends with the
   * launcher, also when that is killed: nobody would stop it, and it would hold its output folder.
   */
  public static ProcessGroup join() {
    Optional.ofNullable(System.getenv(LAUNCHER))
        .ifPresent(
            pid ->
                ProcessHandle.of(Long.parseLong(pid))
                    .ifPresentOrElse(LaunchedWorker::endWith, () -> Runtime.getRuntime().halt(1)));
    return Rendezvous.fromEnvironment(System.getenv())
        .map(ProcessGroup::join)
        .orElseGet(ProcessGroup::single);
  }

  private static void endWith(ProcessHandle launcher) {
    Thread watch =
        new Thread(
            () -> {
              launcher.onExit().join();
              Runtime.getRuntime().halt(1);
            },
            "t3d-launcher");
    watch.setDaemon(true);
    watch.start();
  }

  /**
   * The settings with the GPU of this worker's number, where any GPU was meant.
   *
   * @throws T3dException where the workers of the group cannot be on GPUs
   */
  public static PretrainConfig onItsDevice(PretrainConfig settings, ProcessGroup group) {
    Optional<String> number = Optional.ofNullable(System.getenv(Rendezvous.LOCAL_RANK));
    if (number.isEmpty()) {
      return settings;
    }
    String asked =
        settings.device().orElseGet(() -> System.getProperty(TorchEngine.DEVICE, "auto"));
    int gpus = TorchEngine.gpuCount();
    if (asksForGpu(asked, gpus)) {
      group.requireDevice(Device.gpu());
    }
    return ofWorker(number.get(), asked, gpus).map(settings::withDevice).orElse(settings);
  }

  /** Whether the device is a GPU, be there one or not. */
  static boolean asksForGpu(String asked, int gpus) {
    return asked.startsWith("gpu") || (asked.equals("auto") && gpus > 0);
  }

  /**
   * The GPU of a worker.
   *
   * @param number of the worker among those of its machine
   * @param asked the device of the settings
   * @param gpus of this machine
   * @return empty where the settings name one device, or there is no GPU
   * @throws T3dException when there are fewer GPUs than workers
   */
  static Optional<String> ofWorker(String number, String asked, int gpus) {
    if (!ANY_GPU.contains(asked) || gpus == 0) {
      return Optional.empty();
    }
    if (!number.matches("\\d{1,6}") || Integer.parseInt(number) >= gpus) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Worker "
              + number
              + " of this machine needs a GPU of its own, but there "
              + (gpus == 1 ? "is one" : "are " + gpus)
              + "; start --workers "
              + gpus
              + ", or give --device cpu");
    }
    return Optional.of("gpu" + number);
  }
}

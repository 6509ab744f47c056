package io.t3d.cli.launch;

import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.Rendezvous;
import io.t3d.pipeline.PretrainConfig;
import java.util.Optional;
import java.util.Set;

/** What a process that {@code t3d launch} has started knows of its place. */
public final class LaunchedWorker {
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
    if (System.getenv(Rendezvous.LOCAL_RANK) != null) {
      ProcessHandle.current().parent().ifPresent(LaunchedWorker::endWith);
    }
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

  /** The settings with the GPU of this worker's number, where any GPU was meant. */
  public static PretrainConfig onItsDevice(PretrainConfig settings) {
    Optional<String> number = Optional.ofNullable(System.getenv(Rendezvous.LOCAL_RANK));
    String device =
        settings.device().orElseGet(() -> System.getProperty(TorchEngine.DEVICE, "auto"));
    return number.isPresent() && ANY_GPU.contains(device) && TorchEngine.gpuCount() > 0
        ? settings.withDevice("gpu" + number.get())
        : settings;
  }
}

package io.t3d.cli.option;

import ai.djl.Device;
import io.t3d.core.internal.cuda.DeviceNames;
import io.t3d.core.torch.TorchEngine;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command computes. */
public final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description =
          "Where to compute: auto, a GPU where all is there, else the CPU; cpu; gpu; gpu1 and so on"
              + " (default: that of the config where there is one, else auto).")
  private @Nullable String name;

  /** What the user asked for, if anything, as a device's name. */
  public Optional<String> name() {
    Optional<String> given = Optional.ofNullable(name);
    given.ifPresent(DeviceNames::parse);
    return given;
  }

  /**
   * The device, or the default one.
   *
   * @throws io.t3d.core.T3dException when it is no device's name, or not there
   */
  public Device device() {
    return name().map(TorchEngine::device).orElseGet(TorchEngine::defaultDevice);
  }

  /**
   * Makes the device the default one until the scope is closed, for commands that open models in
   * many places; so does {@link TorchEngine#DEVICE} in a JVM of its own.
   *
   * @throws io.t3d.core.T3dException when it is no device's name, or not there
   */
  public Scope asDefault() {
    Scope scope = new Scope(Optional.ofNullable(System.getProperty(TorchEngine.DEVICE)));
    name()
        .ifPresent(
            given -> {
              TorchEngine.device(given);
              System.setProperty(TorchEngine.DEVICE, given);
            });
    return scope;
  }

  /** Puts the default of before back. */
  public static final class Scope implements AutoCloseable {
    private final Optional<String> before;

    private Scope(Optional<String> before) {
      this.before = before;
    }

    @Override
    public void close() {
      before.ifPresentOrElse(
          value -> System.setProperty(TorchEngine.DEVICE, value),
          () -> System.clearProperty(TorchEngine.DEVICE));
    }
  }
}

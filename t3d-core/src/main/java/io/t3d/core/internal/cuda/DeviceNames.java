package io.t3d.core.internal.cuda;

import ai.djl.Device;
import io.t3d.core.T3dException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Devices by the names that options, settings and {@code -Dt3d.device} give them. */
public final class DeviceNames {
  /** A GPU where all is there, else the CPU. */
  public static final String AUTO = "auto";

  private static final Pattern GPU = Pattern.compile("gpu(\\d{1,3})?");

  private DeviceNames() {}

  /**
   * The device of a name; whether it is there is not looked at.
   *
   * @param name {@code auto}, {@code cpu}, {@code gpu} (the first one) or {@code gpu1} and so on,
   *     in any case
   * @return empty for {@code auto}
   * @throws T3dException when it is another word
   */
  public static Optional<Device> parse(String name) {
    String lower = name.strip().toLowerCase(Locale.ROOT);
    if (lower.equals(AUTO)) {
      return Optional.empty();
    }
    if (lower.equals("cpu")) {
      return Optional.of(Device.cpu());
    }
    Matcher gpu = GPU.matcher(lower);
    if (!gpu.matches()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The device must be auto, cpu, gpu, or one of several GPUs such as gpu1, got \""
              + name
              + "\""
              + (lower.startsWith("cuda")
                  ? "; did you mean " + ("gpu" + lower.replaceAll("\\D", "")) + "?"
                  : ""));
    }
    return Optional.of(Device.gpu(gpu.group(1) == null ? 0 : Integer.parseInt(gpu.group(1))));
  }
}

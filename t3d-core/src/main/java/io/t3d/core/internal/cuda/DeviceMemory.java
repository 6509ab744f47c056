package io.t3d.core.internal.cuda;

import com.google.common.base.Throwables;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells libtorch's own errors of memory from others, by their messages: DJL hands all of them on as
 * one kind of exception.
 */
public final class DeviceMemory {
  /** By libtorch's allocator; by the driver, where another process has it all; by libraries. */
  private static final Pattern GPU =
      Pattern.compile(
          "CUDA out of memory|CUDA error: out of memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED");

  private static final String CPU = "DefaultCPUAllocator: ";
  private static final String SIZE = "(\\d+(?:\\.\\d+)? [KMGT]?i?B)";
  private static final Pattern ASKED =
      Pattern.compile("[Tt]ried to allocate (?:(\\d+) bytes|" + SIZE + ")");
  private static final Pattern TOTAL = Pattern.compile("total capacity of " + SIZE);
  private static final Pattern USED =
      Pattern.compile("this process has " + SIZE + " memory in use", Pattern.CASE_INSENSITIVE);
  private static final Pattern OTHER =
      Pattern.compile("Process (\\d+) has " + SIZE + " memory in use");
  private static final Pattern HELD = Pattern.compile(SIZE + " is allocated by PyTorch");

  private DeviceMemory() {}

  /**
   * What libtorch says of memory that ran out.
   *
   * @return e.g. {@code the GPU's memory is full: 2.00 GiB more wanted, 76.11 GiB of 79.10 GiB in
   *     use}, and which other processes use how much of it; empty when the error is another one
   */
  public static Optional<String> exhausted(Throwable error) {
    for (Throwable each : Throwables.getCausalChain(error)) {
      String message = each.getMessage();
      if (message != null && GPU.matcher(message).find()) {
        return Optional.of("the GPU's memory is full" + numbers(message));
      }
      if (message != null && message.contains(CPU) && message.contains("allocate memory")) {
        return Optional.of("the machine's memory is full" + numbers(message));
      }
    }
    return Optional.empty();
  }

  private static String numbers(String message) {
    StringBuilder out = new StringBuilder();
    Matcher asked = ASKED.matcher(message);
    if (asked.find()) {
      out.append(": ")
          .append(asked.group(1) == null ? asked.group(2) : asked.group(1) + " bytes")
          .append(" more wanted");
    }
    Optional<String> used = first(USED, message).or(() -> first(HELD, message));
    if (used.isPresent()) {
      out.append(out.length() == 0 ? ": " : ", ").append(used.get());
      first(TOTAL, message).ifPresent(total -> out.append(" of ").append(total));
      out.append(" in use");
    }
    Matcher other = OTHER.matcher(message);
    while (other.find()) {
      out.append(out.length() == 0 ? ": " : ", ")
          .append(other.group(2))
          .append(" by process ")
          .append(other.group(1))
          .append(", which is not this one");
    }
    return out.toString();
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Optional.of(found.group(1)) : Optional.empty();
  }
}

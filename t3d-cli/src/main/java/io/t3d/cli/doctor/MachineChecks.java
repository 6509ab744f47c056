package io.t3d.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import io.t3d.core.torch.CpuGuard;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Java, processor and memory. */
final class MachineChecks {
  private static final double GIB = 1L << 30;
  private static final long SMALL_MEMORY = 4L << 30;
  private static final Pattern MODEL = Pattern.compile("(?m)^model name\\s*:\\s*(.+?)\\s*$");
  private static final Pattern FLAGS = Pattern.compile("(?m)^flags\\s*:\\s*(.+)$");
  private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable:\\s*(\\d+) kB$");

  /** Flags of Linux that decide which kernels libtorch takes, by the names that people know. */
  private static final Map<String, String> EXTENSIONS =
      Map.of(
          "AVX2", "avx2",
          "AVX-512", "avx512f",
          "AVX-512 bfloat16", "avx512_bf16",
          "AMX bfloat16", "amx_bf16");

  private static final List<String> ORDER =
      List.of("AVX2", "AVX-512", "AVX-512 bfloat16", "AMX bfloat16");

  private MachineChecks() {}

  static List<Finding> all() {
    List<Finding> out = new ArrayList<>();
    out.add(
        Finding.ok(
            "java",
            String.join(
                ", ",
                System.getProperty("java.version"),
                System.getProperty("java.vendor"),
                System.getProperty("java.home"))));
    out.add(
        Finding.ok(
            "system",
            String.join(
                " ",
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch"))));
    int cores = Runtime.getRuntime().availableProcessors();
    out.add(cpu(read("/proc/cpuinfo"), cores));
    if (CpuGuard.install()) {
      out.add(
          Finding.warning(
              "cpu caches",
              "the system reports none: oneDNN is held to AVX2, which is slower (docs/natives.md)",
              "let the virtual machine pass the host's CPU on (-cpu host)"));
    }
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    out.add(
        memory(
            system.getTotalMemorySize(), read("/proc/meminfo"), Runtime.getRuntime().maxMemory()));
    out.add(threads(System.getenv(), cores));
    return out;
  }

  /** By the text of {@code /proc/cpuinfo}; empty where there is none. */
  static Finding cpu(String info, int cores) {
    Matcher model = MODEL.matcher(info);
    Matcher flags = FLAGS.matcher(info);
    String name = (model.find() ? model.group(1) : System.getProperty("os.arch")) + ", ";
    String count = cores + (cores == 1 ? " core" : " cores");
    if (!flags.find()) {
      return Finding.ok("cpu", name + count);
    }
    Set<String> has = new HashSet<>(List.of(flags.group(1).strip().split("\\s+")));
    List<String> known = ORDER.stream().filter(each -> has.contains(EXTENSIONS.get(each))).toList();
    return known.contains("AVX2")
        ? Finding.ok("cpu", name + count + ", " + String.join(", ", known))
        : Finding.warning(
            "cpu",
            name + count + ", no AVX2: everything is many times slower",
            "take a CPU of 2013 or later, or a virtual machine that passes AVX2 on");
  }

  /** By sizes in bytes and the text of {@code /proc/meminfo}. */
  static Finding memory(long total, String info, long heap) {
    Matcher available = AVAILABLE.matcher(info);
    String text =
        String.format(Locale.ROOT, "%.1f GiB", total / GIB)
            + (available.find()
                ? String.format(
                    Locale.ROOT,
                    ", %.1f GiB free",
                    Double.parseDouble(available.group(1)) * 1024 / GIB)
                : "")
            + String.format(Locale.ROOT, "; Java's heap at most %.1f GiB", heap / GIB);
    return total < SMALL_MEMORY
        ? Finding.warning(
            "memory",
            text,
            "4 GiB are what the quickstart wants; a smaller data.cacheMegabytes helps")
        : Finding.ok("memory", text);
  }

  static Finding threads(Map<String, String> environment, int cores) {
    String set = environment.get("OMP_NUM_THREADS");
    return Finding.ok(
        "threads",
        set == null
            ? "OMP_NUM_THREADS is not set: libtorch takes all " + cores + " cores"
            : "OMP_NUM_THREADS=" + set);
  }

  private static String read(String file) {
    try {
      Path path = Path.of(file);
      return Files.isReadable(path) ? Files.readString(path) : "";
    } catch (IOException e) {
      return "";
    }
  }
}

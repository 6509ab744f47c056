package io.t3d.core.torch;

import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.Function;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works around AVX-512 convolutions that oneDNN cannot plan.
 *
 * <p>oneDNN of libtorch 2.7.1 blocks these convolutions by the sizes of the caches. On virtual
 * machines whose CPU reports none it divides by zero, which ends the JVM (SIGFPE), or gives wrong
 * values without a sign: seen on an AMD EPYC, for 1×1×1 and 3×3×3 kernels and for the gradient of
 * the input. With AVX2 they are right, and slower. oneDNN reads its limit once, at its first
 * operation, so this must come before.
 */
public final class CpuGuard {
  /** oneDNN's own environment variable; who sets it is left alone. */
  static final String LIMIT = "ONEDNN_MAX_CPU_ISA";

  private static final Logger logger = LoggerFactory.getLogger(CpuGuard.class);
  private static final boolean LIMITED = limit();
  private static final Supplier<Boolean> AVX512 = Suppliers.memoize(CpuGuard::findAvx512);

  private CpuGuard() {}

  /** Sets the limit where it is needed; all calls but the first do nothing. */
  public static boolean install() {
    return LIMITED;
  }

  private static boolean limit() {
    HugePages.install(); // here, since this runs before libtorch does
    boolean linux = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    boolean x86 = System.getProperty("os.arch").equals("amd64");
    Path cpu = Path.of("/sys/devices/system/cpu/cpu0");
    if (!linux || !x86 || System.getenv(LIMIT) != null || !hidesItsCaches(cpu)) {
      return false;
    }
    try {
      // The C library's environment: Java's own is a copy.
      Function.getFunction("c", "setenv").invokeInt(new Object[] {LIMIT, "AVX2", 1});
    } catch (UnsatisfiedLinkError e) {
      logger.warn("Cannot limit oneDNN to AVX2; set {}=AVX2 before Java starts", LIMIT, e);
      return false;
    }
    logger.info(
        "This CPU reports no cache sizes, and AVX-512 convolutions of libtorch would be wrong:"
            + " limited to AVX2; set {} to choose otherwise",
        LIMIT);
    return true;
  }

  /**
   * Whether oneDNN uses AVX-512 here, as far as one can tell: on Linux by the CPU's flags and the
   * limit; elsewhere it is taken for granted. Without it libtorch multiplies bfloat16 in a loop of
   * single numbers (512³: 207 ms against 4 ms in float32), and other kernels are the fastest in
   * float32.
   */
  public static boolean hasAvx512() {
    return AVX512.get();
  }

  private static boolean findAvx512() {
    try {
      Path info = Path.of("/proc/cpuinfo");
      return !LIMITED
          && (!Files.isReadable(info)
              || hasAvx512(
                  System.getProperty("os.arch"), Files.readString(info), System.getenv(LIMIT)));
    } catch (IOException e) {
      return true;
    }
  }

  /** The rule, on what the system says; {@code limit} may be null. */
  static boolean hasAvx512(String arch, String cpuInfo, @Nullable String limit) {
    boolean limited =
        limit != null
            && (limit.startsWith("SSE") || limit.startsWith("AVX2") || limit.equals("AVX"));
    return !arch.equals("amd64") || (cpuInfo.contains("avx512") && !limited);
  }

  /** Whether Linux lists the CPU, but none of its caches. */
  static boolean hidesItsCaches(Path cpu) {
    return Files.isDirectory(cpu) && !Files.isDirectory(cpu.resolve("cache"));
  }
}

package io.t3d.core.torch;

import com.sun.jna.Function;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps oneDNN from its AVX-512 convolutions where it cannot plan them.
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

  private CpuGuard() {}

  /** Sets the limit where it is needed; all calls but the first do nothing. */
  public static boolean install() {
    return LIMITED;
  }

  private static boolean limit() {
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

  /** Whether Linux lists the CPU, but none of its caches. */
  static boolean hidesItsCaches(Path cpu) {
    return Files.isDirectory(cpu) && !Files.isDirectory(cpu.resolve("cache"));
  }
}

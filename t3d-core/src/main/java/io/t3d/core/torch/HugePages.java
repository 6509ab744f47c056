package io.t3d.core.torch;

import com.sun.jna.Function;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has libtorch ask Linux for huge pages (2 MiB) for large arrays.
 *
 * <p>An array of some megabytes is memory fresh from the system each time, and the first touch of
 * each of its pages costs a trap: with pages of 4 KiB six times the time of an element-wise
 * operation itself. libtorch has the switch, off by default, and reads it at its first allocation,
 * so this must come before. It has an effect where the kernel allows huge pages ({@code
 * /sys/kernel/mm/transparent_hugepage/enabled} says {@code madvise} or {@code always}).
 */
final class HugePages {
  /** libtorch's own environment variable; who sets it is left alone. */
  static final String SWITCH = "THP_MEM_ALLOC_ENABLE";

  private static final Logger logger = LoggerFactory.getLogger(HugePages.class);

  private HugePages() {}

  /** Switches it on, unless the environment says otherwise; Linux only. */
  static void install() {
    boolean linux = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    if (!linux || System.getenv(SWITCH) != null) {
      return;
    }
    try {
      // The C library's environment: Java's own is a copy.
      Function.getFunction("c", "setenv").invokeInt(new Object[] {SWITCH, "1", 1});
    } catch (UnsatisfiedLinkError e) {
      logger.debug("Cannot ask for huge pages; set {}=1 before Java starts", SWITCH, e);
    }
  }
}

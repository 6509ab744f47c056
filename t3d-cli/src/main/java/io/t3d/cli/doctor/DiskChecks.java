package io.t3d.cli.doctor;

import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The folders that natives are unpacked to. */
final class DiskChecks {
  private static final double GIB = 1L << 30;

  /** What the CPU's natives take once unpacked, and some to spare. */
  private static final long WANTED = 1L << 30;

  private DiskChecks() {}

  static List<Finding> all() {
    String javacpp =
        System.getProperty(
            "org.bytedeco.javacpp.cachedir", System.getProperty("user.home") + "/.javacpp/cache");
    return List.of(
        of("DJL cache", Utils.getCacheDir(), "free some, or set DJL_CACHE_DIR to another disk"),
        of(
            "JavaCPP cache",
            Path.of(javacpp),
            "free some, or T3D_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=/another/disk"));
  }

  private static Finding of(String name, Path folder, String mend) {
    Path there = folder.toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    try {
      return of(
          name, folder, Files.getFileStore(there).getUsableSpace(), Files.isWritable(there), mend);
    } catch (IOException e) {
      return Finding.warning(name, folder + " cannot be looked at: " + e.getMessage(), mend);
    }
  }

  static Finding of(String name, Path folder, long free, boolean writable, String mend) {
    String text = String.format(Locale.ROOT, "%s, %.1f GiB free", folder, free / GIB);
    if (!writable) {
      return Finding.failed(name, folder + " cannot be written to", mend);
    }
    return free < WANTED ? Finding.warning(name, text, mend) : Finding.ok(name, text);
  }
}

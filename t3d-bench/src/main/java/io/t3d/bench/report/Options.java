package io.t3d.bench.report;

import com.google.common.base.Splitter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a report is to run.
 *
 * @param device {@code gpu}, {@code gpu1} or {@code cpu}
 * @param minutes that it may take
 * @param brief narrow models, two sizes and a step or two each: whether the command works
 * @param home the checkout
 * @param out the table
 * @param python a Python that may have PyTorch; empty for none
 * @param t3d the {@code t3d} command; empty to leave the quickstart out
 * @param tests what runs the tests, words apart; empty to leave them out
 */
record Options(
    String device,
    double minutes,
    boolean brief,
    Path home,
    Path out,
    List<String> python,
    List<String> t3d,
    List<String> tests) {
  private static final Set<String> WITH_VALUE =
      Set.of("--device", "--minutes", "--home", "--out", "--python", "--t3d", "--tests");
  private static final Splitter WORDS = Splitter.on(' ').omitEmptyStrings();

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException for an option that there is not
   */
  static Options of(String... args) {
    Map<String, String> given = new HashMap<>();
    for (int i = 0; i < args.length; i++) {
      if (WITH_VALUE.contains(args[i]) && i + 1 < args.length) {
        given.put(args[i], args[++i]);
      } else if (args[i].equals("--short")) {
        given.put(args[i], "");
      } else {
        throw new IllegalArgumentException(
            "gpu-report takes --short and, with a value, "
                + String.join(", ", WITH_VALUE.stream().sorted().toList())
                + ", got "
                + args[i]);
      }
    }
    String minutes = given.getOrDefault("--minutes", "8");
    if (!minutes.matches("\\d+(\\.\\d+)?") || Double.parseDouble(minutes) == 0) {
      throw new IllegalArgumentException("--minutes must be a number > 0, got " + minutes);
    }
    String device = given.getOrDefault("--device", "gpu");
    if (!device.matches("cpu|gpu\\d*")) {
      throw new IllegalArgumentException("--device must be gpu, gpu1 or cpu, got " + device);
    }
    return new Options(
        device,
        Double.parseDouble(minutes),
        given.containsKey("--short"),
        Path.of(given.getOrDefault("--home", ".")).toAbsolutePath().normalize(),
        Path.of(given.getOrDefault("--out", "gpu-report.md")),
        WORDS.splitToList(given.getOrDefault("--python", "")),
        WORDS.splitToList(given.getOrDefault("--t3d", "")),
        WORDS.splitToList(given.getOrDefault("--tests", "")));
  }

  boolean gpu() {
    return !device.equals("cpu");
  }

  List<String> models() {
    return brief ? List.of("vit-base-narrow", "resnet50-narrow") : List.of("vit-base", "resnet50");
  }

  /** Without a GPU, and in a hurry, float32 alone: many CPUs have no kernels of bfloat16. */
  List<String> precisions() {
    return brief && !gpu() ? List.of("float32") : List.of("float32", "bfloat16");
  }

  List<Integer> pairs() {
    if (brief) {
      return List.of(2, 3);
    }
    return gpu() ? List.of(2, 8, 48) : List.of(2);
  }

  int warmUp() {
    return brief ? 1 : 3;
  }

  int steps() {
    return brief ? 1 : 7;
  }

  /** On a GPU the host needs few threads; on a CPU they are the user's business. */
  Map<String, String> environment() {
    return gpu() && System.getenv("OMP_NUM_THREADS") == null
        ? Map.of("OMP_NUM_THREADS", "4")
        : Map.of();
  }
}

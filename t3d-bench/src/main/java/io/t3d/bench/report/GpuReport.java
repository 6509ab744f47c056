package io.t3d.bench.report;

import io.t3d.core.T3dException;
import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs what tells how T3D does on a machine's GPU, and writes one page: steps beside PyTorch's,
 * memory, the quickstart, tests. {@code t3d-bench/gpu-report} is the command. It keeps to its time
 * and says what it left out.
 */
public final class GpuReport {
  /** Seconds by experience on an H100. */
  private static final double OF_QUICKSTART = 150;

  private static final double OF_TESTS = 90;

  private static final Pattern TESTS =
      Pattern.compile("Tests run: (\\d+), Failures: (\\d+), Errors: (\\d+), Skipped: (\\d+)\\s*$");
  private static final Pattern AUROC = Pattern.compile("\"macroAuroc\"\\s*:\\s*([0-9.]+)");

  private final Options options;
  private final Budget budget;
  private final String command;

  private GpuReport(Options options, String command) {
    this.options = options;
    this.budget = new Budget(60 * options.minutes());
    this.command = command;
  }

  /** Exit code 0 when all that was run went well, 1 when something failed, 2 for a wrong option. */
  public static void main(String[] args) throws IOException {
    Options options;
    try {
      options = Options.of(args);
    } catch (IllegalArgumentException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(2);
      return;
    }
    try {
      System.exit(run(options, ("t3d-bench/gpu-report " + shown(args)).strip()) ? 0 : 1);
    } catch (T3dException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(1);
    }
  }

  /** What the user typed; the rest is the script's. */
  private static String shown(String... args) {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      if (List.of("--device", "--minutes").contains(args[i])) {
        words.add(args[i] + " " + args[++i]);
      } else if (args[i].equals("--short")) {
        words.add(args[i]);
      } else {
        i++;
      }
    }
    return String.join(" ", words).strip();
  }

  /** Whether all that was run went well. */
  static boolean run(Options options, String command) throws IOException {
    return new GpuReport(options, command).write();
  }

  private boolean write() throws IOException {
    if (options.gpu()) {
      TorchEngine.device(options.device()); // says what is missing, before anything is run
    }
    boolean torch = hasTorch();
    StepTable steps = new StepTable(options, budget);
    steps.run(torch);
    Part quickstart = quickstart();
    Part tests = tests();
    List<String> page = page(steps, List.of(quickstart, tests), torch);
    Optional<Path> folder = Optional.ofNullable(options.out().toAbsolutePath().getParent());
    if (folder.isPresent()) {
      Files.createDirectories(folder.get());
    }
    Files.write(options.out(), page);
    page.forEach(System.out::println);
    System.err.printf("gpu-report: %s, after %.0f s%n", options.out(), budget.spent());
    return steps.isWhole() && quickstart.well() && tests.well();
  }

  private boolean hasTorch() {
    if (options.python().isEmpty()) {
      budget.leaveOut("PyTorch", "no Python was named (PYTHON=… t3d-bench/gpu-report)");
      return false;
    }
    Optional<String> version = Machine.torch(options.home(), options.python());
    if (version.isEmpty()) {
      budget.leaveOut("PyTorch", options.python().get(0) + " has no torch");
      return false;
    }
    if (options.gpu() && !version.get().endsWith("True")) {
      budget.leaveOut("PyTorch", version.get() + " sees no GPU");
      return false;
    }
    return true;
  }

  /** A line of the page, and whether it tells of a failure. */
  private record Part(String text, boolean well) {}

  private Part quickstart() throws IOException {
    String what = "quickstart";
    if (options.t3d().isEmpty() || options.brief()) {
      budget.leaveOut(what, options.brief() ? "--short" : "no t3d command");
      return new Part("", true);
    }
    if (!budget.allows(what, OF_QUICKSTART)) {
      return new Part("", true);
    }
    Path out = Files.createTempDirectory("t3d-gpu-report");
    List<String> words = new ArrayList<>(options.t3d());
    words.addAll(
        List.of("quickstart", "--device", options.device(), "--json", "--out", out.toString()));
    double start = budget.spent();
    return outcome(what, words, run -> quickstart(run, budget.spent() - start));
  }

  private static String quickstart(Commands run, double seconds) {
    String auroc =
        run.lines().stream()
            .map(AUROC::matcher)
            .filter(Matcher::find)
            .map(found -> found.group(1))
            .findFirst()
            .orElse("not printed");
    return String.format(Locale.ROOT, "%.0f s, macro AUROC %s", seconds, auroc);
  }

  private Part tests() throws IOException {
    String what = "tests";
    if (options.tests().isEmpty()) {
      budget.leaveOut(what, options.brief() ? "--short" : "none were named");
      return new Part("", true);
    }
    if (!budget.allows(what, options.brief() ? 0 : OF_TESTS)) {
      return new Part("", true);
    }
    return outcome(what, options.tests(), GpuReport::tests);
  }

  /** The sums of all modules, which Maven tells one by one. */
  private static String tests(Commands run) {
    int[] sums = new int[4];
    for (String line : run.lines()) {
      Matcher counts = TESTS.matcher(line);
      if (counts.find()) {
        for (int i = 0; i < sums.length; i++) {
          sums[i] += Integer.parseInt(counts.group(i + 1));
        }
      }
    }
    return String.format(
        "%d run, %d failed, %d left out by themselves", sums[0], sums[1] + sums[2], sums[3]);
  }

  private interface Told {
    String by(Commands run);
  }

  private Part outcome(String what, List<String> words, Told told) throws IOException {
    System.err.printf("gpu-report: %s (%.0f s left)%n", what, budget.left());
    try (Commands run = new Commands(words, options.home(), Map.of())) {
      if (!run.ends(budget.left())) {
        budget.leaveOut(what, "stopped, no time was left");
        return new Part("", true);
      }
      boolean well = run.code() == 0;
      String text = what + ": " + told.by(run);
      return new Part(well ? text : text + "; failed: " + run.tail(), well);
    }
  }

  private List<String> page(StepTable steps, List<Part> parts, boolean torch) {
    List<String> out = new ArrayList<>();
    out.add("# T3D on " + (options.gpu() ? "a GPU" : "a CPU"));
    out.add("");
    out.add("`" + command + "`, " + LocalDate.now(ZoneOffset.UTC));
    out.add("");
    Machine.describe(options.home(), options.gpu(), torch ? options.python() : List.of())
        .forEach((name, value) -> out.add("- " + name + ": " + value));
    out.add("");
    out.add(
        String.format(
            "A step is two views of each pair, the text encoder, the whole T3D objective, clipping"
                + " and AdamW; medians of %d after %d. Memory: %s.",
            options.steps(),
            options.warmUp(),
            options.gpu()
                ? "what the GPU has in use more than before, kept blocks included"
                : "the largest resident size"));
    out.add("");
    out.addAll(steps.markdown());
    out.add("");
    parts.stream().filter(part -> !part.text().isEmpty()).forEach(p -> out.add("- " + p.text()));
    budget.leftOut().forEach(left -> out.add("- left out: " + left));
    out.add(String.format(Locale.ROOT, "- took %.0f s", budget.spent()));
    return out;
  }
}

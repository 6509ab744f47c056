package io.t3d.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Fails when a kernel got slower: {@code t3d-bench/guard [--update] [JVM options of the forks]}.
 * Exit code 0 when all ratios hold, 1 on a regression that a second measurement confirms.
 */
public final class Guard {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Guard() {}

  /** Arguments: the baseline's path, then {@code --update} or JVM options. */
  public static void main(String[] args) throws IOException, RunnerException {
    Path baselineFile = Path.of(args[0]);
    List<String> options = Arrays.asList(args).subList(1, args.length);
    String[] jvm = options.stream().filter(o -> !o.equals("--update")).toArray(String[]::new);
    Map<String, Double> measured = measure(ratios(), jvm);
    if (options.contains("--update")) {
      JSON.writeValue(baselineFile.toFile(), measured);
      print(measured);
      return;
    }
    Map<String, Double> baseline =
        JSON.readValue(baselineFile.toFile(), new TypeReference<TreeMap<String, Double>>() {});
    Map<String, Double> first = measured;
    List<GuardedRatio> slow =
        ratios().stream()
            .filter(r -> GuardedRatio.isRegression(baseline, r.name(), first.get(r.name())))
            .toList();
    if (!slow.isEmpty()) {
      System.out.println("Too slow; measuring again to rule out noise.");
      measured = GuardedRatio.best(first, measure(slow, jvm));
    }
    print(measured);
    List<String> regressions = GuardedRatio.regressions(baseline, measured);
    regressions.forEach(System.err::println);
    System.exit(regressions.isEmpty() ? 0 : 1);
  }

  /**
   * All that this machine can run: where it hides its CPU's caches, oneDNN's fast convolutions are
   * not right, and the guard wants all that the CPU has.
   */
  private static List<GuardedRatio> ratios() {
    Path cpu = Path.of("/sys/devices/system/cpu/cpu0");
    boolean hidden = Files.isDirectory(cpu) && !Files.isDirectory(cpu.resolve("cache"));
    return GuardedRatio.ALL.stream().filter(r -> !(hidden && r.convolves())).toList();
  }

  private static void print(Map<String, Double> ratios) {
    ratios.forEach((name, r) -> System.out.printf("%-48s %.4f%n", name, r));
  }

  private static Map<String, Double> measure(List<GuardedRatio> ratios, String... jvm)
      throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .forks(2)
            .jvmArgsAppend(jvm)
            .warmupIterations(1)
            .warmupTime(TimeValue.milliseconds(400))
            .measurementIterations(2)
            .measurementTime(TimeValue.milliseconds(400))
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true);
    ratios.stream()
        .flatMap(r -> Stream.of(r.ours(), r.reference()))
        .distinct()
        .forEach(
            name -> options.include("io\\.t3d\\.bench\\.\\w+\\." + name.replace(".", "\\.") + "$"));
    return GuardedRatio.measured(
        new Runner(options.build())
            .run().stream()
                .collect(
                    Collectors.toMap(r -> shortName(r.getParams().getBenchmark()), Guard::times)));
  }

  /** {@code Class.method}, without the package. */
  static String shortName(String benchmark) {
    return benchmark.replaceFirst("^io\\.t3d\\.bench\\.\\w+\\.", "");
  }

  /** The mean time of each fork. */
  private static List<Double> times(RunResult result) {
    return result.getBenchmarkResults().stream()
        .map(fork -> fork.getPrimaryResult().getScore())
        .toList();
  }
}

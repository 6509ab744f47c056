import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** See {@code .ci/cases}. */
final class Cases {
  private static final int LONGEST_MESSAGE = 2000;

  /** A case's own rule. */
  private interface Rule {
    Outcome run(Case one) throws Exception;
  }

  /** What came out; {@code right} is empty where nothing could be run. */
  private record Outcome(Optional<Boolean> right, String got) {
    static Outcome of(boolean right, String got) {
      return new Outcome(Optional.of(right), got);
    }
  }

  /** One call of the program. */
  private record Run(int code, String out, String err) {
    String last() {
      // A bar is drawn over itself; what counts stands in lines of its own.
      List<String> lines =
          Stream.of((out + "\n" + err).split("[\n\r]+"))
              .filter(l -> !l.isBlank() && !l.matches("(Training|Embedding|Preparing|Segm).*\\[.*"))
              .toList();
      return "exit " + code + ": " + (lines.isEmpty() ? "" : lines.get(lines.size() - 1));
    }

    boolean refused() {
      return code == 1
          && Pattern.compile("(?m)(^|\\r)error: ").matcher(err).find()
          && !err.contains("looks like a bug")
          && message().length() <= LONGEST_MESSAGE;
    }

    String message() {
      int at = err.lastIndexOf("error: ");
      return at < 0 ? "" : err.substring(at);
    }
  }

  /** A copy of a case. */
  private record Case(String name, Path dir, Map<String, String> expect) {
    String expected() {
      return expect.getOrDefault("expected", "?");
    }
  }

  private final Path t3d;
  private final Path temp;
  private final Map<String, Rule> rules = new LinkedHashMap<>();
  private Path phantoms;
  private Path trained;

  private Cases(Path t3d, Path temp) {
    this.t3d = t3d;
    this.temp = temp;
    rules.put("csv-dotdot", this::dotDot);
    rules.put("csv-label", c -> accepted(preprocess(c, "m.csv")));
    rules.put("csv-report", c -> says(preprocess(c, "m.csv"), "no report", "is blank"));
    rules.put("ctrate-", this::ctRate);
    rules.put("locale-", this::locale);
    rules.put("preprocess-out", this::outIsFile);
    rules.put("resume-", this::resume);
    rules.put("two-pretrains", this::twoPretrains);
    rules.put("segment-mask", this::masks);
    rules.put("embed-", this::embed);
    rules.put("t-", this::tokens);
    rules.put("tokenizer-", this::tokenizer);
    rules.put("w-", this::weights);
    rules.put("htj2k", c -> says(inspect(c), "HTJ2K", "High-Throughput", "1.2.840.10008.1.2.4.20"));
    rules.put("lfs-pointer", c -> says(inspect(c), "LFS"));
    rules.put("gz-name-not", c -> says(inspect(c), "rename", "not gzip", "not compressed"));
    rules.put("zarr-v3", c -> says(inspect(c), "zarr_format=2"));
    rules.put("units-", c -> says(inspect(c), "expected 0.01 to 100 mm"));
    rules.put("rescale-intercept-empty", c -> without(inspect(c), "Infinity"));
    rules.put("single-file-no-ending", this::valueOr);
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[1]);
    List<String> wanted = List.of(args).subList(2, args.length);
    Path temp = Files.createTempDirectory("t3d-cases");
    Map<String, Integer> counts = new LinkedHashMap<>();
    try (Stream<Path> found = Files.list(folder)) {
      Cases cases = new Cases(Path.of(args[0]), temp);
      List<Path> all =
          found
              .filter(d -> Files.isRegularFile(d.resolve("expect.txt")))
              .filter(d -> wanted.isEmpty() || wanted.contains(d.getFileName().toString()))
              .sorted()
              .toList();
      if (all.isEmpty()) {
        System.err.println("no case in " + folder + ": each is a folder with an expect.txt");
        System.exit(2);
      }
      for (Path dir : all) {
        Outcome outcome = cases.run(dir);
        String word = outcome.right().map(right -> right ? "right" : "WRONG").orElse("no rule");
        counts.merge(word, 1, Integer::sum);
        System.out.printf("%-8s%s%n", word, dir.getFileName());
        System.out.println("        expected " + read(dir).getOrDefault("expected", "?"));
        System.out.println("        got      " + outcome.got());
      }
    } finally {
      delete(temp);
    }
    System.out.println(counts);
    System.exit(counts.containsKey("WRONG") ? 1 : 0);
  }

  private Outcome run(Path dir) {
    try {
      String name = dir.getFileName().toString();
      Path copy = copy(dir, temp.resolve(name));
      Case one = new Case(name, copy, read(dir));
      Optional<Rule> rule =
          rules.entrySet().stream()
              .filter(e -> name.startsWith(e.getKey()))
              .map(Map.Entry::getValue)
              .findFirst();
      return rule.isPresent() ? rule.get().run(one) : inspected(one);
    } catch (Exception e) {
      return Outcome.of(false, "the rule failed: " + e);
    }
  }

  // --- what any volume is tried by ---

  private Outcome inspected(Case one) throws Exception {
    if (one.name().startsWith("broken-symlink")) {
      Files.createSymbolicLink(
          one.dir().resolve("s/I006.dcm"), Path.of("../../.git/annex/objects/xx/absent.dcm"));
    }
    if (input(one).isEmpty()) {
      return new Outcome(Optional.empty(), "no line 'file: …' and no v.*");
    }
    Run run = inspect(one);
    if (one.expected().startsWith("refuse")) {
      return Outcome.of(run.refused(), run.last());
    }
    return one.expected().startsWith("value")
        ? compare(one, run)
        : new Outcome(Optional.empty(), run.last());
  }

  private static Optional<String> input(Case one) throws IOException {
    if (one.expect().containsKey("file")) {
      return Optional.of(one.expect().get("file").strip());
    }
    try (Stream<Path> files = Files.list(one.dir())) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.matches("v\\..*|s"))
          .findFirst();
    }
  }

  private Run inspect(Case one) throws Exception {
    return t3d(one.dir(), "inspect", input(one).orElseThrow(), "--json");
  }

  private Outcome valueOr(Case one) throws Exception {
    Run run = inspect(one);
    return run.code() == 0 ? compare(one, run) : says(run, "folder");
  }

  /** Against a referee's numbers: the mean within 0.001, the affine within 1e-4 mm. */
  private static Outcome compare(Case one, Run run) throws IOException {
    if (run.code() != 0) {
      return Outcome.of(false, run.last());
    }
    JsonNode got = new ObjectMapper().readTree(run.out());
    List<String> wrong = new ArrayList<>();
    double[] v = numbers(one.expect().getOrDefault("values (referee)", ""));
    if (v.length == 6) {
      double[] is = {
        got.at("/size/2").asDouble(),
        got.at("/size/1").asDouble(),
        got.at("/size/0").asDouble(),
        got.get("min").asDouble(),
        got.get("max").asDouble(),
        got.get("mean").asDouble()
      };
      for (int i = 0; i < 6; i++) {
        note(wrong, "value " + i, v[i], is[i], 1e-3);
      }
    }
    double[] affine = numbers(one.expect().getOrDefault("affine RAS", ""));
    for (int i = 0; i < Math.min(12, affine.length); i++) {
      int row = i / 4;
      int column = i % 4;
      double is =
          column == 3
              ? got.get("origin").get(row).asDouble()
              : got.get("direction").get(3 * row + column).asDouble()
                  * got.get("spacing").get(column).asDouble();
      note(wrong, "affine " + row + "," + column, affine[i], is, 1e-4);
    }
    if (v.length != 6 && affine.length == 0) {
      return new Outcome(Optional.empty(), "read, but expect.txt has no numbers");
    }
    return Outcome.of(wrong.isEmpty(), wrong.isEmpty() ? "the referee's values" : wrong.toString());
  }

  private static void note(List<String> wrong, String what, double shall, double is, double by) {
    if (!(Math.abs(shall - is) <= by)) {
      wrong.add(what + " is " + is + ", not " + shall);
    }
  }

  private static double[] numbers(String text) {
    Matcher matcher = Pattern.compile("-?\\d+(\\.\\d+)?([eE][-+]?\\d+)?").matcher(text);
    List<Double> out = new ArrayList<>();
    while (matcher.find()) {
      out.add(Double.valueOf(matcher.group()));
    }
    return out.stream().mapToDouble(d -> d).toArray();
  }

  // --- rules of their own ---

  private static Outcome accepted(Run run) {
    return Outcome.of(run.code() == 0, run.last());
  }

  /** A refusal, or a warning, in one of these words. */
  private static Outcome says(Run run, String... anyOf) {
    String text = run.out() + run.err();
    boolean said = Arrays.stream(anyOf).anyMatch(text::contains);
    return Outcome.of(said && (run.code() == 0 || run.refused()), run.last());
  }

  private static Outcome without(Run run, String word) {
    return Outcome.of(run.refused() && !run.err().contains(word), run.last());
  }

  private Run preprocess(Case one, String manifest) throws Exception {
    return t3d(one.dir(), "preprocess", "--manifest", manifest, "--out", "prepared");
  }

  private Outcome dotDot(Case one) throws Exception {
    Files.createSymbolicLink(one.dir().resolve("home/lists"), Path.of("../disk/ct/lists"));
    Path manifest = one.dir().resolve("home/lists/m.csv");
    Path got = Manifest.read(manifest).rows().get(0).volume();
    Path shall = one.dir().resolve(one.expected().strip());
    return Outcome.of(Files.isSameFile(got, shall), one.dir().toRealPath().relativize(got) + "");
  }

  private Outcome ctRate(Case one) throws Exception {
    Run run = t3d(one.dir(), "dataset", "build", "--ct-rate", "dataset", "--out", "built");
    Path manifest = one.dir().resolve("built/manifest.csv");
    if (!Files.exists(manifest)) {
      return Outcome.of(run.refused(), run.last());
    }
    List<String> reports =
        Manifest.read(manifest).rows().stream().map(ManifestRow::report).toList();
    boolean good =
        reports.stream()
            .flatMap(String::lines)
            .noneMatch(l -> l.strip().toLowerCase(Locale.ROOT).matches("not given\\.?|nan|none"));
    return Outcome.of(good, "reports " + reports);
  }

  private Outcome locale(Case one) throws Exception {
    Path named = Files.createDirectories(one.dir().resolve("Ördner"));
    for (String name : List.of("a.nii.gz", "m.csv")) {
      Files.copy(one.dir().resolve(name), named.resolve(name));
    }
    Map<String, String> c = Map.of("LC_ALL", "C", "LANG", "");
    List<Run> runs =
        List.of(
            t3d(one.dir(), c, "inspect", "s"),
            t3d(one.dir(), c, "inspect", "Şehir ı.nii.gz"),
            t3d(named, c, "preprocess", "--manifest", "m.csv", "--out", "x"));
    Predicate<Run> good = r -> r.code() == 0 || r.err().contains("LC_ALL=C.UTF-8");
    Optional<Run> bad = runs.stream().filter(good.negate()).findFirst();
    return Outcome.of(bad.isEmpty(), bad.map(Run::last).orElse("works"));
  }

  private Outcome outIsFile(Case one) throws Exception {
    Path file;
    try (Stream<Path> files = Files.list(one.dir())) {
      file = files.filter(f -> f.toString().endsWith(".yaml")).findFirst().orElseThrow();
    }
    String manifest = phantoms().resolve("manifest.csv").toString();
    Run run = t3d(one.dir(), "preprocess", "--manifest", manifest, "--out", file.toString());
    return says(run, "is a file");
  }

  private Outcome resume(Case one) throws Exception {
    Path config = config(one.dir());
    Files.createSymbolicLink(one.dir().resolve("volumes"), phantoms().resolve("volumes"));
    List<String> first =
        List.of(
            "pretrain", "--config", config.toString(), "--manifest", "first.csv", "--out", "out");
    Process process = start(one.dir(), Map.of(), first);
    Path log = one.dir().resolve("out/log.csv");
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
    while (process.isAlive() && (!Files.exists(log) || Files.readAllLines(log).size() < 6)) {
      if (System.nanoTime() > end) {
        break;
      }
      Thread.sleep(50);
    }
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
    List<String> others;
    try (Stream<Path> files = Files.list(one.dir())) {
      others =
          files
              .map(f -> f.getFileName().toString())
              .filter(n -> n.endsWith(".csv") && !n.equals("first.csv"))
              .sorted()
              .toList();
    }
    for (String other : others) {
      Run run = pretrain(one.dir(), config, other, "--resume");
      if (!run.refused() || !run.message().contains("changed")) {
        return Outcome.of(false, other + ": " + run.last());
      }
    }
    Run same = pretrain(one.dir(), config, "first.csv", "--resume");
    return Outcome.of(same.code() == 0, "others refused; the same " + same.last());
  }

  private Run pretrain(Path dir, Path config, String manifest, String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of("pretrain", "--config", config.toString()));
    words.addAll(List.of("--manifest", manifest, "--out", "out"));
    words.addAll(List.of(more));
    return t3d(dir, words.toArray(String[]::new));
  }

  private Outcome twoPretrains(Case one) throws Exception {
    Path config = config(one.dir());
    Files.createSymbolicLink(one.dir().resolve("volumes"), phantoms().resolve("volumes"));
    String manifest = only(one.dir(), ".csv", n -> !n.startsWith("got")).getFileName().toString();
    List<String> words =
        List.of("pretrain", "--config", config.toString(), "--manifest", manifest, "--out", "two");
    Process first = start(one.dir(), Map.of(), words);
    Thread.sleep(1500);
    Run second = t3d(one.dir(), words.toArray(String[]::new));
    first.waitFor();
    boolean good = first.exitValue() == 0 && second.refused();
    return Outcome.of(good, "first exit " + first.exitValue() + ", second " + second.last());
  }

  /** Those named in flip.csv fit, all others do not. */
  private Outcome masks(Case one) throws Exception {
    List<Path> manifests;
    try (Stream<Path> files = Files.list(one.dir())) {
      manifests = files.filter(f -> f.toString().endsWith(".csv")).sorted().toList();
    }
    for (Path manifest : manifests) {
      String name = manifest.getFileName().toString();
      Run run =
          t3d(
              one.dir(),
              "segment",
              "train",
              "--steps",
              "1",
              "--manifest",
              name,
              "--out",
              "out-" + name);
      boolean good = name.startsWith("flip") ? run.code() == 0 : run.refused();
      if (!good) {
        return Outcome.of(false, name + ": " + run.last());
      }
    }
    for (Path manifest : manifests) {
      String name = manifest.getFileName().toString();
      Run run =
          t3d(
              one.dir(),
              "segment",
              "evaluate",
              "--segmenter",
              "out-flip.csv",
              "--manifest",
              name,
              "--split",
              "all");
      if (name.startsWith("flip") ? run.code() != 0 : !run.refused()) {
        return Outcome.of(false, "evaluate " + name + ": " + run.last());
      }
    }
    return Outcome.of(true, "the flipped mask fits, the others are refused");
  }

  private Outcome embed(Case one) throws Exception {
    String input = one.dir().resolve("ct/series1").toString();
    for (String path : List.of(input, one.dir().resolve("ct").toString())) {
      Run run =
          t3d(
              one.dir(),
              "embed",
              "--checkpoint",
              trained().toString(),
              "--input",
              path,
              "--out",
              "e.safetensors");
      if (run.code() != 0) {
        return Outcome.of(false, run.last());
      }
      byte[] file = Files.readAllBytes(one.dir().resolve("e.safetensors"));
      int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
      JsonNode header =
          new ObjectMapper().readTree(new String(file, 8, length, StandardCharsets.UTF_8));
      if (header.at("/volumes/shape/0").asInt() != 1) {
        return Outcome.of(false, path + ": shape " + header.at("/volumes/shape"));
      }
    }
    return Outcome.of(true, "one vector");
  }

  /** Tokens as expected, which may bear their number in brackets; no word may be missing. */
  private Outcome tokens(Case one) throws Exception {
    String text = one.expect().get("text");
    List<String> shall = new ArrayList<>();
    for (String word : one.expected().replaceAll("\\s\\(.*", "").strip().split("\\s+")) {
      shall.add(word.replaceAll("\\(\\d+\\)$", ""));
    }
    try (ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(one.dir(), 32)) {
      List<String> got = tokenizer.tokens(text);
      List<String> bare = shall.stream().filter(w -> !w.matches("\\[(CLS|SEP)]")).toList();
      List<String> gotBare = got.stream().filter(w -> !w.matches("\\[(CLS|SEP)]")).toList();
      return Outcome.of(bare.equals(gotBare), got.toString());
    } catch (IOException e) {
      return Outcome.of(false, e.getMessage());
    }
  }

  private Outcome tokenizer(Case one) throws Exception {
    Path config = config(one.dir());
    Path folder = one.dir().resolve("tok");
    String text = Files.readString(config).replaceAll("tokenizer: [^,}]+", "tokenizer: " + folder);
    Files.writeString(config, text);
    Run run = pretrain(one.dir(), config, phantoms().resolve("manifest.csv").toString());
    return says(run, "vocabSize");
  }

  private Outcome weights(Case one) throws Exception {
    Path config = one.dir().resolve("own.yaml");
    Files.writeString(
        config,
        "preset: tiny\npretrained:\n  text: "
            + one.dir()
            + "\ndata:\n  batchSize: 4\ntraining:\n  epochs: 1\n");
    Run run = pretrain(one.dir(), config, phantoms().resolve("manifest.csv").toString());
    return accepted(run);
  }

  // --- what several rules need ---

  /** Phantoms whose first are named as those of the quickstart. */
  private Path phantoms() throws IOException {
    if (phantoms == null) {
      phantoms = temp.resolve("phantoms");
      PhantomDataset.write(phantoms, 30, 42);
      Path volumes = phantoms.resolve("volumes");
      for (int i = 0; i <= 64; i++) {
        Path named = volumes.resolve(String.format(Locale.ROOT, "study-%05d.nii.gz", i));
        if (!Files.exists(named)) {
          try (Stream<Path> files = Files.list(volumes)) {
            Files.createLink(named, files.filter(f -> !f.equals(named)).findFirst().orElseThrow());
          }
        }
      }
    }
    return phantoms;
  }

  private Path trained() throws Exception {
    if (trained == null) {
      Path dir = Files.createDirectories(temp.resolve("trained"));
      Path config = dir.resolve("c.yaml");
      Files.writeString(config, "preset: tiny\ndata:\n  batchSize: 4\ntraining:\n  epochs: 1\n");
      Run run = pretrain(dir, config, phantoms().resolve("manifest.csv").toString());
      if (run.code() != 0) {
        throw new IOException("no checkpoint to embed with: " + run.last());
      }
      trained = dir.resolve("out");
    }
    return trained;
  }

  private static Path config(Path dir) throws IOException {
    return only(dir, ".yaml", name -> true);
  }

  private static Path only(Path dir, String ending, Predicate<String> named) throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files
          .filter(f -> f.toString().endsWith(ending) && named.test(f.getFileName().toString()))
          .sorted()
          .findFirst()
          .orElseThrow();
    }
  }

  private Run t3d(Path dir, String... words) throws Exception {
    return t3d(dir, Map.of(), words);
  }

  private Run t3d(Path dir, Map<String, String> environment, String... words) throws Exception {
    Path out = Files.createTempFile(temp, "out", ".txt");
    Path err = Files.createTempFile(temp, "err", ".txt");
    Process process =
        builder(dir, environment, List.of(words))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    if (!process.waitFor(10, TimeUnit.MINUTES)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
    return new Run(process.exitValue(), text(out), text(err));
  }

  private Process start(Path dir, Map<String, String> environment, List<String> words)
      throws IOException {
    return builder(dir, environment, words)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private ProcessBuilder builder(Path dir, Map<String, String> environment, List<String> words) {
    List<String> all = new ArrayList<>(List.of(t3d.toString()));
    all.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(all).directory(dir.toFile());
    builder.environment().putAll(environment);
    return builder;
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static Map<String, String> read(Path dir) throws IOException {
    Map<String, String> out = new LinkedHashMap<>();
    for (String line : Files.readAllLines(dir.resolve("expect.txt"))) {
      int colon = line.indexOf(": ");
      if (colon > 0) {
        out.putIfAbsent(line.substring(0, colon), line.substring(colon + 2));
      }
    }
    return out;
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
    return to;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .sorted((a, b) -> b.compareTo(a))
          .forEach(
              f -> {
                try {
                  Files.deleteIfExists(f);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}

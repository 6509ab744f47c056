package io.t3d.bench.index;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.retrieve.EmbeddingIndex;
import io.t3d.core.task.retrieve.HnswIndex;
import io.t3d.core.task.retrieve.MappedIndex;
import io.t3d.core.task.retrieve.Neighbours;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Exact search in mapped files beside Lucene's graphs, for {@code t3d-bench/compare-index}: a line
 * of a Markdown table each.
 *
 * <p>The gallery is made here: unit vectors around random centres, 50 to each, cosine 0.8 to their
 * centre on average. That is kinder than vectors without clusters and harsher than copies.
 */
public final class IndexRunner {
  private static final int PER_CENTRE = 50;
  private static final double NOISE = 0.75; // of length 0.75 to the centre's 1: cosine 0.8
  private static final int K = 10;
  private static final long SEED = 5;

  private final Path work;
  private final int vectors;
  private final int width;
  private final int parts;

  private IndexRunner(Path work, int vectors, int width, int parts) {
    this.work = work;
    this.vectors = vectors;
    this.width = width;
    this.parts = parts;
  }

  /** Runs; arguments: folder, vectors, width, parts, queries. */
  public static void main(String[] args) throws Exception {
    int[] numbers = Arrays.stream(args).skip(1).mapToInt(Integer::parseInt).toArray();
    IndexRunner runner = new IndexRunner(Path.of(args[0]), numbers[0], numbers[1], numbers[2]);
    try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
      runner.run(manager, numbers[3]);
    }
  }

  private void run(NDManager manager, int queries) throws Exception {
    List<Path> files = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      files.add(work.resolve("part-" + part + ".safetensors"));
    }
    Path queryFile = work.resolve("queries.safetensors");
    write(manager, files, queryFile, queries);
    float[][] asked = read(manager, queryFile);
    System.out.println(
        "| index | build | recall at 10 | one query, median | 95 % | batch, per query |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    long start = System.nanoTime();
    try (MappedIndex exact = MappedIndex.open(manager, files, "volumes")) {
      double opened = seconds(start);
      Neighbours truth = exact.search(asked, K);
      report(
          "exact, " + parts + " mapped files (build: map and check)", opened, exact, asked, truth);
      List<Path> graphs = new ArrayList<>();
      double built = build(exact, graphs);
      try (HnswIndex together = HnswIndex.open(graphs)) {
        report(
            "HNSW, " + parts + " graphs searched together (build: sum of parts)",
            built,
            together,
            asked,
            truth);
      }
      if (parts > 1) {
        Path merged = work.resolve("merged");
        double took = once(merged, () -> HnswIndex.merge(merged, graphs));
        try (HnswIndex one = HnswIndex.open(merged)) {
          report("HNSW, merged into one graph (build: the merging)", took, one, asked, truth);
        }
        System.out.printf(Locale.ROOT, "%nMerged graph on disk: %.2f GB%n", size(merged) / 1e9);
      }
    }
    System.out.printf(
        Locale.ROOT,
        "Heap after it all: %d MB%n",
        (Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()) / 1_000_000);
  }

  private static long size(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.mapToLong(f -> f.toFile().length()).sum();
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  /** What takes long and may be interrupted. */
  private interface Step {
    void run() throws IOException;
  }

  /**
   * Runs what makes a folder, or tells how long it took when an earlier run has finished it, so
   * that a run of hours goes on where it was ended.
   *
   * @return seconds
   */
  private static double once(Path made, Step step) throws IOException {
    Path note = made.resolveSibling(made.getFileName() + ".seconds");
    if (Files.exists(note)) {
      return Double.parseDouble(Files.readString(note));
    }
    long start = System.nanoTime();
    step.run();
    double took = seconds(start);
    Files.writeString(note, Double.toString(took));
    return took;
  }

  /** Writes the files that are missing; each has a seed of its own. */
  private void write(NDManager manager, List<Path> files, Path queryFile, int queries)
      throws IOException {
    Files.createDirectories(work);
    Random random = new Random(SEED);
    float[][] centres = new float[Math.max(1, vectors / PER_CENTRE)][];
    for (int i = 0; i < centres.length; i++) {
      centres[i] = around(new float[width], 1, random);
    }
    for (int part = 0; part < parts; part++) {
      if (!Files.exists(files.get(part))) {
        rows(manager, files.get(part), first(part + 1) - first(part), centres, part);
      }
    }
    if (!Files.exists(queryFile)) {
      rows(manager, queryFile, queries, centres, parts);
    }
  }

  /** The first row of a part. */
  private int first(int part) {
    return (int) ((long) vectors * part / parts);
  }

  private void rows(NDManager manager, Path file, int count, float[][] centres, int seed)
      throws IOException {
    Random random = new Random(SEED + 1 + seed);
    float[] flat = new float[Math.multiplyExact(count, width)];
    for (int i = 0; i < count; i++) {
      float[] row = around(centres[random.nextInt(centres.length)], NOISE, random);
      System.arraycopy(row, 0, flat, i * width, width);
    }
    try (NDArray array = manager.create(flat, new Shape(count, width))) {
      Safetensors.write(file, Map.of("volumes", array), Map.of());
    }
  }

  /** A unit vector at a random step of some length from a centre. */
  private float[] around(float[] centre, double step, Random random) {
    double[] noise = random.doubles(width).map(u -> u - 0.5).toArray();
    double length = Math.sqrt(Arrays.stream(noise).map(x -> x * x).sum());
    double sum = 0;
    for (int e = 0; e < width; e++) {
      noise[e] = centre[e] + step * noise[e] / length;
      sum += noise[e] * noise[e];
    }
    float[] row = new float[width];
    for (int e = 0; e < width; e++) {
      row[e] = (float) (noise[e] / Math.sqrt(sum));
    }
    return row;
  }

  private static float[][] read(NDManager manager, Path file) throws IOException {
    List<float[]> rows = new ArrayList<>();
    try (MappedIndex mapped = MappedIndex.open(manager, List.of(file), "volumes")) {
      mapped.rows(0, mapped.size()).forEach(rows::add);
    }
    return rows.toArray(float[][]::new);
  }

  /**
   * A graph of each file, as many at a time as there are cores.
   *
   * @return the seconds of all together, as if they had been built one after the other
   */
  private double build(MappedIndex gallery, List<Path> graphs)
      throws InterruptedException, ExecutionException {
    double took = 0;
    ExecutorService threads =
        Executors.newFixedThreadPool(Math.min(parts, Runtime.getRuntime().availableProcessors()));
    try {
      List<Callable<Double>> tasks = new ArrayList<>();
      for (int part = 0; part < parts; part++) {
        int from = first(part);
        int to = first(part + 1);
        Path folder = work.resolve("graph-" + part);
        graphs.add(folder);
        tasks.add(
            () -> once(folder, () -> HnswIndex.buildPart(folder, gallery.rows(from, to), from)));
      }
      for (Future<Double> done : threads.invokeAll(tasks)) {
        took += done.get();
      }
    } finally {
      threads.shutdownNow();
    }
    return took;
  }

  private static void report(
      String name, double build, EmbeddingIndex index, float[][] queries, Neighbours truth) {
    index.search(queries, K); // warms up
    double[] single = new double[queries.length];
    for (int q = 0; q < queries.length; q++) {
      long start = System.nanoTime();
      index.search(new float[][] {queries[q]}, K);
      single[q] = 1e3 * seconds(start);
    }
    Arrays.sort(single);
    long start = System.nanoTime();
    Neighbours found = index.search(queries, K);
    double batch = 1e3 * seconds(start) / queries.length;
    System.out.printf(
        Locale.ROOT,
        "| %s | %.0f s | %.4f | %.2f ms | %.2f ms | %.2f ms |%n",
        name,
        build,
        recall(found, truth),
        single[single.length / 2],
        single[(int) (0.95 * single.length)],
        batch);
  }

  private static double recall(Neighbours found, Neighbours truth) {
    int hits = 0;
    for (int q = 0; q < truth.rows().length; q++) {
      Set<Integer> right = Arrays.stream(truth.rows()[q]).boxed().collect(Collectors.toSet());
      hits += (int) Arrays.stream(found.rows()[q]).filter(right::contains).count();
    }
    return hits / ((double) K * truth.rows().length);
  }
}

package io.t3d.spark;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.sun.management.OperatingSystemMXBean;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.Embedder;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.apache.spark.sql.SparkSession;

/**
 * Measures what Spark costs: embeds the same phantoms with the plain embedder and with {@code
 * local[cores]}, in turns in one JVM, and compares the vectors. {@code t3d-spark/overhead} runs it.
 */
final class Overhead {
  private Overhead() {}

  /** Arguments: a folder for phantoms, their number, and rounds. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]);
    int count = Integer.parseInt(args[1]);
    int rounds = Integer.parseInt(args[2]);
    Path data = folder.resolve("phantoms-" + count);
    Path manifest = data.resolve("manifest.csv");
    if (!Files.exists(manifest)) {
      Phantoms.manifest(data, count);
    }
    Path model = Phantoms.model(folder.resolve("model"));
    List<ManifestRow> rows = Manifest.read(manifest).rows();
    double[] plain = new double[rounds];
    double[] spark = new double[rounds];
    double[] plainCpu = new double[rounds];
    double[] sparkCpu = new double[rounds];
    int cores = Runtime.getRuntime().availableProcessors();
    try (TrainedModel trained = TrainedModel.open(model, Device.cpu());
        SparkSession session = Phantoms.session("local[" + cores + "]")) {
      float[] vectors = embed(trained, rows.subList(0, Math.min(count, 64)));
      String table = folder.resolve("embedded.parquet").toString();
      for (int round = -1; round < rounds; round++) { // the first one warms both up
        long start = System.nanoTime();
        double startCpu = cpuSeconds();
        vectors = embed(trained, rows);
        long middle = System.nanoTime();
        double middleCpu = cpuSeconds();
        remove(Path.of(table));
        EmbeddingTable.write(T3DSpark.embed(session, manifest, model), table);
        long end = System.nanoTime();
        double endCpu = cpuSeconds();
        if (round >= 0) {
          plain[round] = (middle - start) / 1e9;
          spark[round] = (end - middle) / 1e9;
          plainCpu[round] = middleCpu - startCpu;
          sparkCpu[round] = endCpu - middleCpu;
          System.out.printf(
              Locale.ROOT,
              "round %d: plain %.1f s (CPU %.1f s), Spark %.1f s (CPU %.1f s)%n",
              round,
              plain[round],
              plainCpu[round],
              spark[round],
              sparkCpu[round]);
        }
      }
      float[][] sparks = EmbeddingTable.read(session, table).vectors();
      int width = vectors.length / count;
      for (int i = 0; i < count; i++) {
        if (!Arrays.equals(sparks[i], Arrays.copyOfRange(vectors, i * width, (i + 1) * width))) {
          throw new IllegalStateException("The vectors of " + rows.get(i) + " differ");
        }
      }
    }
    double a = median(plain);
    double b = median(spark);
    System.out.printf(
        Locale.ROOT,
        "%d volumes, %d cores, median of %d: plain %.1f s (%.1f/s), Spark %.1f s (%.1f/s), overhead"
            + " %.1f %%, of CPU time %.1f %%; all vectors are equal in every bit%n",
        count,
        cores,
        rounds,
        a,
        count / a,
        b,
        count / b,
        100 * (b / a - 1),
        100 * (median(sparkCpu) / median(plainCpu) - 1));
  }

  /** Of this process: what other programs hardly change. */
  private static double cpuSeconds() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime()
        / 1e9;
  }

  private static float[] embed(TrainedModel trained, List<ManifestRow> rows) throws IOException {
    try (NDManager scope = trained.model().manager().newSubManager()) {
      return new Embedder(trained.model(), trained.data())
          .embedRows(scope, rows, done -> {})
          .toFloatArray();
    }
  }

  private static void remove(Path table) throws IOException {
    if (Files.exists(table)) {
      com.google.common.io.MoreFiles.deleteRecursively(
          table, com.google.common.io.RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  private static double median(double[] values) {
    double[] sorted = DoubleStream.of(values).sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}

package io.t3d.spark;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.config.Configs;
import io.t3d.core.task.retrieve.HnswIndex;
import io.t3d.data.internal.Problems;
import io.t3d.data.io.Locations;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.pipeline.Prompts;
import io.t3d.pipeline.internal.PreprocessingPresets;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The main class of {@code spark-submit}: {@link T3DSpark} with arguments. docs/spark.md */
@Command(
    name = "t3d-spark",
    description = "Embed, classify, prepare and inspect volumes on a Spark cluster.",
    mixinStandardHelpOptions = true,
    subcommands = {
      SparkCommand.EmbedCommand.class,
      SparkCommand.ZeroShotCommand.class,
      SparkCommand.PreprocessCommand.class,
      SparkCommand.InspectCommand.class,
      SparkCommand.IndexCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done; volumes that cannot be used are rows with a problem",
      "1:it could not be done",
      "2:wrong arguments"
    })
public final class SparkCommand {
  /** libtorch's threads sleep between operations: executors share their machine. */
  private static final String OMP = "spark.executorEnv.OMP_WAIT_POLICY";

  @Option(
      names = "--debug",
      description = "Print the stack trace of an error.",
      scope = ScopeType.INHERIT)
  private boolean debug;

  /** Runs the command and ends the JVM: 0 when done, 1 on an error, 2 on wrong arguments. */
  public static void main(String[] args) {
    Charset terminal = Charset.defaultCharset();
    int code =
        run(
            SparkCommand::session,
            new PrintWriter(System.out, true, terminal),
            new PrintWriter(System.err, true, terminal),
            args);
    if (code != 0) {
      System.exit(code); // YARN takes a driver that exits by itself with 0 for one that was killed
    }
  }

  private static SparkSession session() {
    SparkSession.Builder builder = SparkSession.builder();
    SparkConf given = new SparkConf();
    if (!given.contains("spark.app.name")) {
      builder.appName("t3d");
    }
    if (!given.contains(OMP)) {
      builder.config(OMP, "passive");
    }
    return builder.getOrCreate();
  }

  /**
   * Runs the command on a session, which it stops when it has used it.
   *
   * @param session is asked for when the arguments are right
   * @return the exit code
   */
  static int run(Supplier<SparkSession> session, PrintWriter out, PrintWriter err, String... args) {
    SparkCommand root = new SparkCommand();
    CommandLine line =
        new CommandLine(root)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(Path.class, Locations::path)
            .setExecutionExceptionHandler((e, at, parsed) -> root.report(e, at.getErr()));
    line.getSubcommands().values().forEach(sub -> ((Job) sub.getCommand()).session = session);
    return line.execute(args);
  }

  private int report(Exception e, PrintWriter err) {
    boolean mendable = e instanceof HasKind || e instanceof IOException;
    err.println("error: " + (mendable ? message(e) : e));
    if (debug || !mendable) {
      e.printStackTrace(err);
    }
    err.flush();
    return 1;
  }

  private static String message(Exception e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder: " + e.getMessage();
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /** What all have in common: a session that ends with the command. */
  abstract static class Job implements Callable<Integer> {
    private @Nullable Supplier<SparkSession> session;

    @Spec private CommandSpec spec;

    @Override
    public final Integer call() throws IOException {
      if (session == null) {
        throw new IllegalStateException("a command is run by SparkCommand.run");
      }
      check();
      try (SparkSession spark = start(session)) {
        run(spark);
      }
      return 0;
    }

    private static SparkSession start(Supplier<SparkSession> session) {
      try {
        return session.get();
      } catch (Exception e) {
        throw new T3dException(
            Kind.ENVIRONMENT, "Spark does not start: " + e.getMessage() + " (docs/spark.md)", e);
      }
    }

    /** Fails on what is wrong before a session starts. */
    void check() throws IOException {}

    abstract void run(SparkSession spark) throws IOException;

    final PrintWriter out() {
      return spec.commandLine().getOut();
    }

    /** Says how many rows there are, and which are bad. */
    final void tell(Dataset<?> rows, String done) {
      List<String> bad =
          rows.where("problem <> ''")
              .orderBy("row")
              .selectExpr("concat('row ', row, ' (', path, '): ', problem)")
              .as(Encoders.STRING())
              .collectAsList();
      out().println(rows.count() - bad.size() + " " + done);
      if (!bad.isEmpty()) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(bad.size() + " rows cannot be used:" + Problems.list(bad));
        err.flush();
      }
      out().flush();
    }

    /** Writes a table that is computed once. */
    static void write(Dataset<?> rows, String folder) throws IOException {
      EmbeddingTable.requireFree(rows.sparkSession(), folder);
      try {
        rows.write()
            .mode(SaveMode.Overwrite)
            .option("mapreduce.fileoutputcommitter.algorithm.version", "1")
            .parquet(folder);
      } catch (Exception e) {
        throw Failures.ofJob(e);
      }
    }
  }

  /** The manifest of a command. */
  static final class ManifestOption {
    @Option(
        names = "--manifest",
        required = true,
        paramLabel = "CSV",
        description = "Volumes; docs/manifest.md tells the columns.")
    private Path manifest;
  }

  /** The model of a command. */
  static final class ModelOption {
    @Option(
        names = "--checkpoint",
        required = true,
        paramLabel = "DIR",
        description =
            "A checkpoint, or the --out folder of pretrain: at the same path on all machines, or"
                + " the name after # in --archives.")
    private Path folder;
  }

  /** {@code embed}: volumes to vectors. */
  @Command(
      name = "embed",
      description = "Embed the volumes of a manifest into a Parquet table.",
      mixinStandardHelpOptions = true)
  static final class EmbedCommand extends Job {
    @Mixin private ManifestOption manifest;
    @Mixin private ModelOption model;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "URI",
        description = "A folder of Parquet files: row, path, study, split, vector, problem.")
    private String out;

    @Override
    void run(SparkSession spark) throws IOException {
      EmbeddingTable.requireFree(spark, out);
      EmbeddingTable.write(T3DSpark.embed(spark, manifest.manifest, model.folder), out);
      tell(spark.read().parquet(out), "volumes embedded in " + out);
    }
  }

  /** {@code zero-shot}: volumes to probabilities of findings. */
  @Command(
      name = "zero-shot",
      description = "Classify the volumes of a manifest by text alone, into a Parquet table.",
      mixinStandardHelpOptions = true)
  static final class ZeroShotCommand extends Job {
    @Mixin private ManifestOption manifest;
    @Mixin private ModelOption model;

    @Option(
        names = "--prompts",
        required = true,
        paramLabel = "YAML",
        description = "Findings with texts for and against them.")
    private Path prompts;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "URI",
        description = "A folder of Parquet files: row, path, study, split, probabilities, problem.")
    private String out;

    private @Nullable Prompts texts;

    @Override
    void check() throws IOException {
      texts = Prompts.load(prompts);
    }

    @Override
    void run(SparkSession spark) throws IOException {
      EmbeddingTable.requireFree(spark, out);
      Dataset<ClassifiedStudy> rows;
      try {
        rows =
            T3DSpark.zeroShot(
                spark,
                manifest.manifest,
                model.folder,
                texts == null ? List.of() : texts.prompts());
      } catch (IllegalArgumentException e) {
        throw new T3dException(Kind.USAGE, prompts + ": " + e.getMessage(), e);
      }
      write(rows, out);
      tell(spark.read().parquet(out), "volumes classified in " + out);
    }
  }

  /** {@code preprocess}: volumes to Zarr. */
  @Command(
      name = "preprocess",
      description = {
        "Prepare the volumes of a manifest once, into the folder that t3d preprocess makes.",
        "Run it again to go on after an interruption."
      },
      mixinStandardHelpOptions = true)
  static final class PreprocessCommand extends Job {
    @Mixin private ManifestOption manifest;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "Where the prepared volumes go: at the same path on all machines.")
    private Path out;

    @Option(
        names = "--preset",
        defaultValue = "chest-ct",
        paramLabel = "NAME",
        description = "chest-ct (default), ct-clip, t3d or window-only; see docs/preprocessing.md.")
    private String preset;

    @Option(
        names = "--values",
        defaultValue = "int16",
        paramLabel = "TYPE",
        description = "int16 (default; error at most 3.1e-5 of the window) or float32 (exact).")
    private ZarrOptions.Values values;

    @Option(
        names = "--config",
        paramLabel = "FILE",
        description =
            "Steps and storage instead of --preset and --values: a preprocessing.json, as a"
                + " prepared folder has it, or the same as YAML.")
    private @Nullable Path config;

    @Option(
        names = "--resample-masks",
        description = "Bring masks on another grid onto their volume's, instead of refusing them.")
    private boolean resampleMasks;

    @Override
    void run(SparkSession spark) throws IOException {
      Dataset<PreparedStudy> rows =
          T3DSpark.preprocess(
              spark,
              manifest.manifest,
              settings(),
              out,
              resampleMasks ? Masks.OtherGrid.RESAMPLE : Masks.OtherGrid.REFUSE);
      tell(rows, "rows prepared in " + out);
    }

    private PreparationConfig settings() throws IOException {
      if (config != null) {
        return Configs.load(config, PreparationConfig.class);
      }
      try {
        return new PreparationConfig(
            PreprocessingPresets.named(preset), ZarrOptions.defaults().withValues(values));
      } catch (IllegalArgumentException e) {
        throw new T3dException(Kind.USAGE, e.getMessage(), e);
      }
    }
  }

  /** {@code inspect}: a verdict on every volume of a folder. */
  @Command(
      name = "inspect",
      description = "Read every volume below a folder and write a verdict on each.",
      mixinStandardHelpOptions = true)
  static final class InspectCommand extends Job {
    @Option(
        names = "--folder",
        required = true,
        paramLabel = "DIR",
        description = "Is searched for volumes; at the same path on all machines.")
    private Path folder;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "URI",
        description = "A folder of Parquet files with the columns of t3d inspect --all.")
    private String out;

    @Override
    void run(SparkSession spark) throws IOException {
      EmbeddingTable.requireFree(spark, out);
      write(T3DSpark.inspect(spark, folder), out);
      Dataset<?> rows = spark.read().parquet(out);
      out()
          .printf(
              "%d volumes in %s: %d ok, %d with a warning, %d with an error%n",
              rows.count(),
              out,
              rows.where("verdict = 'ok'").count(),
              rows.where("verdict = 'warning'").count(),
              rows.where("verdict = 'error'").count());
      out().flush();
    }
  }

  /** {@code index}: a table of vectors to an index to search. */
  @Command(
      name = "index",
      description = "Build an HNSW index of the vectors that embed wrote, on the driver.",
      mixinStandardHelpOptions = true)
  static final class IndexCommand extends Job {
    @Option(
        names = "--embeddings",
        required = true,
        paramLabel = "URI",
        description = "What embed wrote.")
    private String embeddings;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "DIR",
        description = "A folder for HnswIndex.open, on the driver's machine.")
    private Path out;

    @Override
    void run(SparkSession spark) throws IOException {
      EmbeddingTable table = EmbeddingTable.read(spark, embeddings);
      try (HnswIndex index = HnswIndex.build(out, table.vectors())) {
        out().println(index.size() + " vectors in " + out);
        out().flush();
      }
    }
  }
}

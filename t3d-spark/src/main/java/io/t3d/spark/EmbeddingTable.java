package io.t3d.spark;

import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.task.retrieve.ExactIndex;
import io.t3d.core.task.retrieve.HnswIndex;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * Embeddings as Parquet, and the index of a search made of them.
 *
 * <pre>{@code
 * EmbeddingTable gallery = EmbeddingTable.read(session, "/data/embedded.parquet");
 * HnswIndex index = HnswIndex.build(Path.of("/data/index"), gallery.vectors());
 * VolumeSearch search = new VolumeSearch(index, tokens, reference, mix);
 * }</pre>
 *
 * <p>Row i of the index is volume i here: the good ones in the order of the manifest.
 */
public final class EmbeddingTable {
  /** Written when all of a job's files are in place. */
  private static final String WHOLE = "_SUCCESS";

  private final List<EmbeddedStudy> studies;

  private EmbeddingTable(List<EmbeddedStudy> studies) {
    this.studies = List.copyOf(studies);
  }

  /**
   * Embeds, and writes the rows, bad ones too, as Parquet. The files are moved into place when all
   * tasks are done, each row once, however often its task was run.
   *
   * @param embedded what {@link T3DSpark#embed} gives
   * @param folder a path or URI that Spark can write to; holds nothing yet
   * @throws IOException when the folder cannot be looked at
   * @throws T3dException when it holds something, or an executor lacks natives, memory or the model
   */
  public static void write(Dataset<EmbeddedStudy> embedded, String folder) throws IOException {
    requireFree(embedded.sparkSession(), folder);
    try {
      embedded
          .write()
          .mode(SaveMode.Overwrite)
          // The second algorithm moves each task's files at once, also those of a job that fails.
          .option("mapreduce.fileoutputcommitter.algorithm.version", "1")
          .parquet(folder);
    } catch (Exception e) {
      throw Failures.ofJob(e);
    }
  }

  /**
   * Fails when a table cannot be written, before it is computed.
   *
   * @throws IOException when the folder cannot be looked at
   * @throws T3dException when it holds something
   */
  public static void requireFree(SparkSession session, String folder) throws IOException {
    Path path = new Path(folder);
    try {
      for (FileStatus file : fileSystem(session, path).listStatus(path)) {
        String name = file.getPath().getName();
        // What a job that failed may leave.
        if (!file.isDirectory() || !name.equals("_temporary")) {
          throw new T3dException(
              Kind.USAGE, folder + " holds " + name + " already; choose another folder");
        }
      }
    } catch (FileNotFoundException e) {
      // Free.
    }
  }

  /**
   * Reads the good rows, in the order of their manifest, into memory: {@code 4 · E} bytes each.
   *
   * @throws IOException when the folder cannot be looked at
   * @throws T3dException when it is no whole table of embeddings, or has no good row
   */
  public static EmbeddingTable read(SparkSession session, String folder) throws IOException {
    Path path = new Path(folder);
    if (!fileSystem(session, path).exists(new Path(path, WHOLE))) {
      throw new T3dException(
          Kind.INPUT,
          folder
              + " has no "
              + WHOLE
              + ": it is no table of embeddings, or its job did not end; write it anew");
    }
    List<EmbeddedStudy> studies = new ArrayList<>();
    Iterator<EmbeddedStudy> rows =
        session
            .read()
            .schema(Encoders.bean(EmbeddedStudy.class).schema())
            .parquet(folder)
            .where("problem = ''")
            .orderBy("row")
            .as(Encoders.bean(EmbeddedStudy.class))
            .toLocalIterator();
    rows.forEachRemaining(studies::add);
    if (studies.isEmpty()) {
      throw new T3dException(Kind.INPUT, folder + " has no embedding; look at its column problem");
    }
    return new EmbeddingTable(studies);
  }

  private static FileSystem fileSystem(SparkSession session, Path path) throws IOException {
    return path.getFileSystem(session.sparkContext().hadoopConfiguration());
  }

  /** The volumes, row by row of the index; all good. */
  public List<EmbeddedStudy> studies() {
    return studies;
  }

  /** {@code [N][E]}, L2-normalised: the gallery of {@link HnswIndex#build}. */
  public float[][] vectors() {
    return studies.stream().map(EmbeddedStudy::getVector).toArray(float[][]::new);
  }

  /**
   * An index that compares with all, e.g. for {@code VolumeSearch}.
   *
   * @param owner owns the gallery's array and must outlive the index
   */
  public ExactIndex exact(NDManager owner) {
    return new ExactIndex(owner.create(vectors()));
  }
}

package io.t3d.core.task.retrieve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.VectorSimilarityFunction;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/**
 * An approximate index for large galleries: Lucene's hierarchical navigable small world graph
 * (Malkov and Yashunin, 2018). In memory or in a folder that can be opened again. Safe for many
 * threads.
 *
 * <p>Needs {@code org.apache.lucene:lucene-core}, an optional dependency of this module: declare it
 * where you use this class. Lucene's default format holds up to 1024 dimensions.
 */
public final class HnswIndex implements EmbeddingIndex {
  /** Candidates that a search keeps: more finds more of the true neighbours, and takes longer. */
  public static final int WIDTH = 200;

  private static final int MOST_DIMENSIONS = 1024;
  private static final double BUFFER_MB = 512;
  private static final String VECTOR = "embedding";
  private static final String ROW = "row";

  private final Directory directory;
  private final DirectoryReader reader;
  private final int[] rows; // of each document
  private final int dimensions;

  private HnswIndex(Directory directory) throws IOException {
    this.directory = directory;
    this.reader = DirectoryReader.open(directory);
    this.rows = new int[reader.maxDoc()];
    for (LeafReaderContext leaf : reader.leaves()) {
      NumericDocValues values = leaf.reader().getNumericDocValues(ROW);
      for (int doc = 0; doc < leaf.reader().maxDoc(); doc++) {
        if (values == null || !values.advanceExact(doc)) {
          throw new IOException(directory + " is no index of embeddings");
        }
        rows[leaf.docBase + doc] = (int) values.longValue();
      }
    }
    this.dimensions = reader.leaves().get(0).reader().getFloatVectorValues(VECTOR).dimension();
  }

  /**
   * Builds an index in memory.
   *
   * @param gallery {@code [N][E]}, of any length &gt; 0
   * @throws IllegalArgumentException when there are no rows, widths differ, E &gt; 1024 or a row is
   *     zero or not finite
   */
  public static HnswIndex of(float[][] gallery) {
    try {
      return build(new ByteBuffersDirectory(), gallery);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // there is no disk that could fail
    }
  }

  /**
   * Builds an index in a folder; an older one there is replaced when the new one is complete.
   *
   * @param folder is made when missing
   * @param gallery {@code [N][E]}, of any length &gt; 0
   * @throws IOException when it cannot be written
   */
  public static HnswIndex build(Path folder, float[][] gallery) throws IOException {
    return build(FSDirectory.open(folder), gallery);
  }

  /**
   * Opens what {@link #build} wrote.
   *
   * @throws IOException when the folder holds no index
   */
  public static HnswIndex open(Path folder) throws IOException {
    return open(FSDirectory.open(folder));
  }

  private static HnswIndex open(Directory directory) throws IOException {
    try {
      return new HnswIndex(directory);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static HnswIndex build(Directory directory, float[][] gallery) throws IOException {
    try {
      if (gallery.length == 0) {
        throw new IllegalArgumentException("An index needs embeddings, got none");
      }
      if (gallery[0].length > MOST_DIMENSIONS) {
        throw new IllegalArgumentException(
            "An HNSW index holds up to 1024 dimensions, got "
                + gallery[0].length
                + "; use ExactIndex");
      }
      CosineRows.checkQueries(gallery, gallery[0].length, 1);
      write(directory, gallery);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
    return open(directory);
  }

  private static void write(Directory directory, float[][] gallery) throws IOException {
    IndexWriterConfig config =
        new IndexWriterConfig()
            .setOpenMode(IndexWriterConfig.OpenMode.CREATE)
            .setRAMBufferSizeMB(BUFFER_MB)
            .setCommitOnClose(false);
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      for (int row = 0; row < gallery.length; row++) {
        Document document = new Document();
        document.add(
            new KnnFloatVectorField(
                VECTOR, CosineRows.unit(gallery[row]), VectorSimilarityFunction.DOT_PRODUCT));
        document.add(new NumericDocValuesField(ROW, row));
        writer.addDocument(document);
      }
      writer.forceMerge(1); // one graph: searches walk every segment's
      writer.commit();
    }
  }

  @Override
  public int size() {
    return rows.length;
  }

  @Override
  public Neighbours search(float[][] queries, int k) {
    CosineRows.checkQueries(queries, dimensions, k);
    int[][] found = new int[queries.length][];
    float[][] similarities = new float[queries.length][];
    IndexSearcher searcher = new IndexSearcher(reader);
    IntStream.range(0, queries.length)
        .parallel()
        .forEach(
            q -> {
              ScoreDoc[] hits = search(searcher, CosineRows.unit(queries[q]), k);
              found[q] = new int[hits.length];
              similarities[q] = new float[hits.length];
              for (int i = 0; i < hits.length; i++) {
                found[q][i] = rows[hits[i].doc];
                similarities[q][i] = 2 * hits[i].score - 1; // Lucene's is (1 + cosine) / 2
              }
            });
    return new Neighbours(found, similarities);
  }

  private ScoreDoc[] search(IndexSearcher searcher, float[] unit, int k) {
    int wanted = Math.min(k, rows.length);
    int width = Math.min(rows.length, Math.max(wanted, WIDTH));
    try {
      return searcher.search(new KnnFloatVectorQuery(VECTOR, unit, width), wanted).scoreDocs;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try (Directory closed = directory) {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

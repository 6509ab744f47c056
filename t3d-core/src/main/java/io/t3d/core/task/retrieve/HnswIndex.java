package io.t3d.core.task.retrieve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.KnnFloatVectorField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.MultiReader;
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
 * <p>A gallery of millions is indexed in parts, by several threads or machines: each part is built
 * with the number of its first row, then all are {@linkplain #open(List) searched together}, or
 * {@linkplain #merge merged} into one graph, which answers faster.
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

  private final List<Directory> directories;
  private final IndexReader reader;
  private final int[] rows; // of each document
  private final int dimensions;

  /** Of readers, one for each directory, which are closed with this. */
  private HnswIndex(List<Directory> directories, List<IndexReader> parts) throws IOException {
    this.directories = directories;
    this.reader = new MultiReader(parts.toArray(IndexReader[]::new)); // closes them with itself
    this.rows = new int[reader.maxDoc()];
    int width = -1;
    for (LeafReaderContext leaf : reader.leaves()) {
      NumericDocValues values = leaf.reader().getNumericDocValues(ROW);
      for (int doc = 0; doc < leaf.reader().maxDoc(); doc++) {
        if (values == null || !values.advanceExact(doc)) {
          throw new IOException(directories + " is no index of embeddings");
        }
        rows[leaf.docBase + doc] = (int) values.longValue();
      }
      int found = leaf.reader().getFloatVectorValues(VECTOR).dimension();
      if (width != -1 && found != width) {
        throw new IOException(
            "Parts of an index must have one width, got " + width + " and " + found);
      }
      width = found;
    }
    this.dimensions = width;
    requireEachRowOnce();
  }

  private void requireEachRowOnce() throws IOException {
    int[] sorted = rows.clone();
    Arrays.sort(sorted);
    for (int row = 0; row < sorted.length; row++) {
      if (sorted[row] != row) {
        throw new IOException(
            "An index must hold each of its "
                + sorted.length
                + " rows once, "
                + (sorted[row] > row
                    ? "row " + row + " is missing"
                    : "row " + sorted[row] + " twice")
                + "; open all parts of the gallery, each built with the number of its first row");
      }
    }
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
   * Builds the index of a part of a gallery in a folder, reading rows one by one; an older one
   * there is replaced when the new one is complete.
   *
   * @param folder is made when missing
   * @param part its rows, {@code [E]} each, of any length &gt; 0; see {@link MappedIndex#rows}
   * @param firstRow which row of the whole gallery the part begins with
   * @throws IOException when it cannot be written
   * @throws IllegalArgumentException as {@link #of}, or when firstRow &lt; 0
   */
  public static void buildPart(Path folder, Iterable<float[]> part, int firstRow)
      throws IOException {
    if (firstRow < 0) {
      throw new IllegalArgumentException("firstRow must be >= 0, got " + firstRow);
    }
    try (Directory directory = FSDirectory.open(folder)) {
      write(directory, part, firstRow);
    }
  }

  /**
   * Opens what {@link #build} or {@link #merge} wrote.
   *
   * @throws IOException when the folder is not there, or holds no index, or a part of one
   */
  public static HnswIndex open(Path folder) throws IOException {
    return open(List.of(folder));
  }

  /**
   * Opens the parts of a gallery; a search walks the graph of each.
   *
   * @param parts what {@link #buildPart} wrote, in any order; at least one
   * @throws IOException when a folder is not there or holds no index, or the parts together lack a
   *     row or hold one twice
   * @throws IllegalArgumentException when there is no part
   */
  public static HnswIndex open(List<Path> parts) throws IOException {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("An index needs a part, got none");
    }
    for (Path part : parts) {
      if (!Files.isDirectory(part)) { // Lucene would make the folder
        throw new NoSuchFileException(
            part.toString(), null, "expected the folder of an index that HnswIndex.build wrote");
      }
    }
    List<Directory> directories = new ArrayList<>();
    for (Path part : parts) {
      directories.add(FSDirectory.open(part));
    }
    return openAll(directories);
  }

  /**
   * Merges parts into one graph; Lucene starts from the largest.
   *
   * @param folder is made when missing; none of the parts
   * @param parts what {@link #buildPart} wrote; they stay
   * @throws IOException when a part cannot be read or the folder cannot be written
   * @throws IllegalArgumentException when there is no part, or the folder is one
   */
  public static void merge(Path folder, List<Path> parts) throws IOException {
    open(parts).close(); // checks them
    List<Directory> directories = new ArrayList<>();
    try (Directory into = FSDirectory.open(folder);
        IndexWriter writer = new IndexWriter(into, config())) {
      for (Path part : parts) {
        if (part.toRealPath().equals(folder.toRealPath())) {
          throw new IllegalArgumentException(
              "Parts must be merged into a folder of its own, got " + folder + ", which is a part");
        }
        directories.add(FSDirectory.open(part));
      }
      writer.addIndexes(directories.toArray(Directory[]::new));
      writer.forceMerge(1);
      writer.commit();
    } finally {
      closeAll(directories);
    }
  }

  private static HnswIndex openAll(List<Directory> directories) throws IOException {
    List<IndexReader> parts = new ArrayList<>();
    try {
      for (Directory directory : directories) {
        parts.add(DirectoryReader.open(directory));
      }
      return new HnswIndex(directories, parts);
    } catch (IOException | RuntimeException e) {
      for (IndexReader part : parts) {
        part.close();
      }
      closeAll(directories);
      throw e;
    }
  }

  private static void closeAll(List<Directory> directories) throws IOException {
    for (Directory directory : directories) {
      directory.close();
    }
  }

  private static HnswIndex build(Directory directory, float[][] gallery) throws IOException {
    try {
      write(directory, Arrays.asList(gallery), 0);
    } catch (IOException | RuntimeException e) {
      directory.close();
      throw e;
    }
    return openAll(List.of(directory));
  }

  private static IndexWriterConfig config() {
    return new IndexWriterConfig()
        .setOpenMode(IndexWriterConfig.OpenMode.CREATE)
        .setRAMBufferSizeMB(BUFFER_MB)
        .setCommitOnClose(false);
  }

  private static void write(Directory directory, Iterable<float[]> gallery, int firstRow)
      throws IOException {
    Iterator<float[]> all = gallery.iterator();
    if (!all.hasNext()) {
      throw new IllegalArgumentException("An index needs embeddings, got none");
    }
    try (IndexWriter writer = new IndexWriter(directory, config())) {
      int width = -1;
      for (int row = 0; all.hasNext(); row++) {
        float[] vector = all.next();
        if (row == 0 && vector.length > MOST_DIMENSIONS) {
          throw new IllegalArgumentException(
              "An HNSW index holds up to 1024 dimensions, got "
                  + vector.length
                  + "; use ExactIndex");
        }
        width = row == 0 ? vector.length : width;
        CosineRows.check(vector, row, width);
        Document document = new Document();
        document.add(
            new KnnFloatVectorField(
                VECTOR, CosineRows.unit(vector), VectorSimilarityFunction.DOT_PRODUCT));
        document.add(new NumericDocValuesField(ROW, Math.addExact(firstRow, row)));
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
    try {
      reader.close();
      closeAll(directories);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

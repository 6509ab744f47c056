package io.t3d.cli.watch;

import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Files for TensorBoard's embedding projector, which its website opens too. */
public final class Projector {
  private Projector() {}

  /**
   * Writes {@code tensors.tsv}, {@code metadata.tsv} and {@code projector_config.pbtxt} into a
   * folder, for {@code tensorboard --logdir FOLDER}.
   *
   * @param vectors {@code (n, E)}
   * @param columns names of what is told of each vector, one or more
   * @param rows n rows of as many values; tabs and line ends become spaces
   */
  public static void write(
      Path folder, float[][] vectors, List<String> columns, List<List<String>> rows)
      throws IOException {
    if (rows.size() != vectors.length || columns.isEmpty()) {
      throw new IllegalArgumentException(
          "metadata must have a column and a row for each of the "
              + vectors.length
              + " vectors, got "
              + columns.size()
              + " columns, "
              + rows.size()
              + " rows");
    }
    AtomicFiles.makeFolder(folder);
    StringBuilder tensors = new StringBuilder();
    for (float[] vector : vectors) {
      tensors
          .append(
              IntStream.range(0, vector.length)
                  .mapToObj(i -> String.format(Locale.ROOT, "%.7g", vector[i]))
                  .collect(Collectors.joining("\t")))
          .append('\n');
    }
    AtomicFiles.writeText(folder.resolve("tensors.tsv"), tensors.toString());
    StringBuilder metadata = new StringBuilder();
    if (columns.size() > 1) {
      metadata.append(line(columns)); // a single column has no header, by the projector's rule
    }
    rows.forEach(row -> metadata.append(line(row)));
    AtomicFiles.writeText(folder.resolve("metadata.tsv"), metadata.toString());
    AtomicFiles.writeText(
        folder.resolve("projector_config.pbtxt"),
        """
        embeddings {
          tensor_name: "volumes"
          tensor_path: "tensors.tsv"
          metadata_path: "metadata.tsv"
        }
        """);
  }

  private static String line(List<String> cells) {
    return cells.stream().map(c -> c.replaceAll("\\s", " ")).collect(Collectors.joining("\t"))
        + "\n";
  }
}

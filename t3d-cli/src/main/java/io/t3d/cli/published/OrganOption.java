package io.t3d.cli.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.vision.OrganVit3d;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.organ.OrganEmbedder;
import io.t3d.pipeline.organ.OrganEmbeddings;
import io.t3d.pipeline.organ.OrganFinding;
import io.t3d.pipeline.organ.OrganLabels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import picocli.CommandLine.Option;

/** Label maps for models that embed organs, and what is written of them. */
public final class OrganOption {
  @Option(
      names = "--organs",
      paramLabel = "FILE",
      description = {
        "The label map of the volume, for models that embed organs (fVLM); those of a",
        "manifest's volumes are its column mask."
      })
  private Optional<Path> labelMap;

  @Option(
      names = "--organ-labels",
      paramLabel = "KIND",
      defaultValue = "TOTAL_SEGMENTATOR",
      description = {
        "What its values mean: TOTAL_SEGMENTATOR (version 2, --ml) or ORGANS, which is 1 for",
        "the model's first organ and so on (${DEFAULT-VALUE})."
      })
  private OrganLabels meaning;

  /**
   * How many were embedded.
   *
   * @param volumes read
   * @param organs that their label maps hold
   * @param seconds of reading, preparing and encoding
   */
  public record Embedded(int volumes, int organs, double seconds) {}

  /** Whether organs are embedded, and not whole volumes. */
  public boolean isAskedOf(TrainedModel model) {
    return labelMap.isPresent() || model.model().vision() instanceof OrganVit3d;
  }

  /**
   * Refuses label maps for what has its own.
   *
   * @throws T3dException when there is one
   */
  public void requireNone(String input) {
    if (labelMap.isPresent()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "--organs is the label map of one volume, got "
              + input
              + "; give a manifest with the"
              + " column mask, without --organs");
    }
  }

  /**
   * The one volume with its label map.
   *
   * @throws T3dException when there are several, or no label map
   */
  public List<ManifestRow> rows(List<Path> volumes) {
    if (volumes.size() != 1) {
      requireNone(volumes.size() + " volumes");
    }
    if (labelMap.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "This model embeds organs under a label map, got none; give that of the volume with"
              + " --organs, or a manifest with the column mask (docs/published-models.md)");
    }
    Path volume = volumes.get(0);
    return List.of(
        new ManifestRow(1, volume, "", Split.UNASSIGNED, volume.toString(), Map.of(), labelMap));
  }

  private static void requireLabelMaps(List<ManifestRow> rows) {
    List<ManifestRow> without = rows.stream().filter(row -> row.mask().isEmpty()).toList();
    if (!without.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Each volume needs a label map to embed its organs, got none for "
              + without.size()
              + " of "
              + rows.size()
              + " rows, the first of which is row "
              + without.get(0).row()
              + "; name them in the column mask");
    }
  }

  /**
   * Embeds the organs of volumes, asks the model's findings of them, and writes a file: {@code
   * organs (n, O, E)}, L2-normalised, {@code findings (n, F)}, probabilities, where the model has
   * prompts, {@code reports (n, E)} where they are wanted; NaN where a label map holds none of the
   * organ. Its metadata has files, organs and findings in order, as JSON.
   *
   * @param rows n volumes with their label maps
   * @param reports whether their reports are embedded too
   * @param done gets the number of volumes so far
   * @throws T3dException when the model embeds whole volumes, or a label map is missing or wrong
   */
  public Embedded write(
      TrainedModel model, List<ManifestRow> rows, boolean reports, Path out, IntConsumer done)
      throws IOException {
    OrganEmbedder embedder = OrganEmbedder.of(model);
    requireLabelMaps(rows); // before hours are spent
    List<String> organs = embedder.organs();
    List<String> findings = embedder.findings();
    int width = model.model().config().embedDim();
    float[] vectors = new float[rows.size() * organs.size() * width];
    float[] probabilities = new float[rows.size() * findings.size()];
    Arrays.fill(vectors, Float.NaN);
    int present = 0;
    long start = System.nanoTime();
    for (int row = 0; row < rows.size(); row++) {
      OrganEmbeddings seen = embedder.embed(rows.get(row), meaning);
      for (int organ = 0; organ < organs.size(); organ++) {
        Optional<float[]> vector = seen.of(organs.get(organ));
        if (vector.isPresent()) {
          int at = (row * organs.size() + organ) * width;
          System.arraycopy(vector.get(), 0, vectors, at, width);
          present++;
        }
      }
      if (!findings.isEmpty()) {
        List<OrganFinding> found = embedder.zeroShot(seen);
        for (int i = 0; i < found.size(); i++) {
          probabilities[row * found.size() + i] =
              (float) found.get(i).probability().orElse(Double.NaN);
        }
      }
      done.accept(row + 1);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    try (NDManager scope = model.model().manager().newSubManager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      tensors.put("organs", scope.create(vectors, new Shape(rows.size(), organs.size(), width)));
      if (!findings.isEmpty()) {
        tensors.put(
            "findings", scope.create(probabilities, new Shape(rows.size(), findings.size())));
      }
      if (reports) {
        List<String> texts = rows.stream().map(ManifestRow::report).toList();
        tensors.put("reports", model.model().encodeReports(scope, texts));
      }
      List<String> files = rows.stream().map(row -> row.volume().toString()).toList();
      Safetensors.write(
          out,
          tensors,
          Map.of(
              "files",
              Configs.toJson(files),
              "organs",
              Configs.toJson(organs),
              "findings",
              Configs.toJson(findings)));
    }
    return new Embedded(rows.size(), present, seconds);
  }
}

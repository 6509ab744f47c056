package io.t3d.serve.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.published.PublishedNote;
import io.t3d.serve.internal.model.Gallery;
import io.t3d.serve.internal.model.ModelParts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Says what the service's model is. */
final class ModelCards {
  private static final String PROVENANCE = "provenance.json";

  private ModelCards() {}

  /**
   * The card of a model.
   *
   * @param checkpoint where it was opened; empty: without provenance
   */
  static Answers.Card of(ModelParts parts, Optional<Path> checkpoint) throws IOException {
    TrainedModel model = parts.model();
    Map<String, Integer> classes = new LinkedHashMap<>();
    if (parts.segmenter().isPresent()) {
      for (SegmentationClass c : parts.segmenter().get().segmenter().config().classes()) {
        classes.put(c.name(), c.values().get(0));
      }
    }
    return new Answers.Card(
        model.model().config().embedDim(),
        model.model().device().toString(),
        model.usesText(),
        endpoints(parts),
        model.prompts(),
        classes,
        parts.gallery().map(Gallery::size).orElse(0),
        Json.settings(model.data().preprocessing()),
        Json.settings(model.model().config()),
        file(checkpoint, PROVENANCE),
        file(checkpoint, PublishedNote.FILE_NAME));
  }

  private static List<String> endpoints(ModelParts parts) {
    List<String> out = new ArrayList<>(List.of("embed"));
    if (parts.model().usesText()) {
      out.addAll(List.of("zero-shot", "text-embed"));
    }
    parts.gallery().ifPresent(g -> out.add("retrieve"));
    parts.segmenter().ifPresent(s -> out.add("segment"));
    parts.decoder().ifPresent(d -> out.add("report"));
    return out;
  }

  private static JsonNode file(Optional<Path> checkpoint, String name) throws IOException {
    if (checkpoint.isEmpty()) {
      return NullNode.getInstance();
    }
    Path nested = checkpoint.get().resolve("checkpoint");
    Path folder = Files.isDirectory(nested) ? nested : checkpoint.get();
    Path file = folder.resolve(name);
    return Files.isRegularFile(file)
        ? Json.tree(PointerFiles.readText(file))
        : NullNode.getInstance();
  }
}

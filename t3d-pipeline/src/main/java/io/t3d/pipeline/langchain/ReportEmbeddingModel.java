package io.t3d.pipeline.langchain;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import io.t3d.pipeline.TrainedModel;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Embeds report text for langchain4j's stores and retrievers: the vectors of {@link
 * TrainedModel#embedReports}, L2-normalised, in the space of the model's volumes. So a store of
 * reports can also be searched with {@link TrainedModel#embed} of a volume.
 *
 * <pre>{@code
 * EmbeddingModel reports = new ReportEmbeddingModel(TrainedModel.open(Path.of("runs/a")));
 * store.add(reports.embed(text).content(), TextSegment.from(text));
 * }</pre>
 */
public final class ReportEmbeddingModel implements EmbeddingModel {
  private final TrainedModel model;

  /**
   * An adapter.
   *
   * @param model pre-trained with reports; stays open, and is the caller's to close
   */
  public ReportEmbeddingModel(TrainedModel model) {
    this.model = Objects.requireNonNull(model, "model");
  }

  @Override
  public Response<List<Embedding>> embedAll(List<TextSegment> reports) {
    List<String> texts = reports.stream().map(TextSegment::text).toList();
    float[][] rows = texts.isEmpty() ? new float[0][] : model.embedReports(texts);
    return Response.from(Arrays.stream(rows).map(Embedding::from).toList());
  }

  @Override
  public int dimension() {
    return model.model().config().embedDim();
  }
}

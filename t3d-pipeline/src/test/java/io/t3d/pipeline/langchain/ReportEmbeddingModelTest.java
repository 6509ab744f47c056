package io.t3d.pipeline.langchain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import io.t3d.core.T3dException;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TestDevice;
import io.t3d.pipeline.TrainedModel;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportEmbeddingModelTest {
  private static final List<String> REPORTS =
      List.of("Small right pleural effusion.", "The heart is enlarged.", "No nodule.");

  private static TrainedModel model(ObjectiveConfig objective) {
    return new TrainedModel(
        T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 5),
        PretrainConfig.tiny().data(),
        Optional.of(objective));
  }

  @Test
  void theVectorsAreThoseOfTheModelInOrder() {
    try (TrainedModel model = model(ObjectiveConfig.t3d())) {
      EmbeddingModel adapter = new ReportEmbeddingModel(model);
      float[][] expected = model.embedReports(REPORTS);
      List<Embedding> found =
          adapter.embedAll(REPORTS.stream().map(TextSegment::from).toList()).content();

      assertThat(found.stream().map(Embedding::vector)).containsExactly(expected);
      assertThat(adapter.embed(REPORTS.get(1)).content().vector())
          .isEqualTo(model.embedReports(REPORTS.get(1))[0]);
      assertThat(adapter.dimension()).isEqualTo(expected[0].length);
      assertThat(adapter.embedAll(List.of()).content()).isEmpty();
    }
  }

  @Test
  void aModelThatReadNoReportsIsRefused() {
    try (TrainedModel model = model(ObjectiveConfig.simclr())) {
      assertThatThrownBy(() -> new ReportEmbeddingModel(model).embed("No nodule."))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("pre-trained without reports");
    }
  }
}

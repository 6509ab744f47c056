package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainedModelTest {
  /** As t3d pretrain wrote it before the report's sentences were the cluster centres. */
  private static final String OLD_OBJECTIVE =
      """
      {
        "contrastive" : true,
        "lambda" : 1.0,
        "global" : { "labelSmoothing" : 0.0, "localViews" : false },
        "tma" : {
          "epsilon" : 0.05, "iterations" : 3, "temperature" : 0.1, "viewWeight" : 1.0,
          "tokenWeight" : 1.0, "entropyWeight" : 0.1, "textInformed" : true, "multiView" : true,
          "levels" : "BOTH"
        },
        "baseline" : null
      }
      """;

  @Test
  void aCheckpointOfTheTmaWithTheUntrainedFusionOpensAndDoesNotTellItsObjective(
      @TempDir Path folder) throws IOException {
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1)) {
      model.save(folder);
    }
    Files.writeString(folder.resolve("data.json"), Configs.toJson(PretrainConfig.tiny().data()));
    Files.writeString(folder.resolve("objective.json"), OLD_OBJECTIVE);
    try (TrainedModel trained = TrainedModel.open(folder, Device.cpu())) {
      assertThat(trained.objective()).isEmpty();
      assertThat(trained.gatherTemperature()).isEqualTo(0.1);
    }
  }
}

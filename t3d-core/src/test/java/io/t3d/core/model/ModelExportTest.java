package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.text.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelExportTest {
  /** Read by {@code src/test/python/load_exported.py}, which compares with PyTorch's answers. */
  private static final Path OUT = Path.of("target/exported");

  private static final List<String> REPORTS =
      List.of("No pleural effusion.", "Small nodule in the right upper lobe, 7 mm.");

  @Test
  void anExportedTextFolderLoadsAgain() throws IOException {
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 5)) {
      ModelExport.write(model, OUT);
      writeAnswers(model);
      try (T3DModel again =
          Pretrained.none()
              .withText(OUT.resolve("text"))
              .create(T3DConfig.tiny(), TestDevice.get(), 6)) {
        Pretrained.loadVision(again, OUT.resolve("vision.safetensors"));
        again
            .parameters()
            .forEach(
                (name, parameter) -> {
                  if (name.startsWith("text.") || name.startsWith("vision.")) {
                    assertThat(parameter.getArray())
                        .as(name)
                        .isEqualTo(model.parameters().get(name).getArray());
                  }
                });
        assertThat(positions(again)).isEqualTo(positions(model));
      }
    }
  }

  private static int positions(T3DModel model) {
    return model.config().text().bert("test").positions();
  }

  private static void writeAnswers(T3DModel model) throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      ParameterStore parameters = new ParameterStore(scope, false);
      TokenBatch reports = model.tokenize(scope, REPORTS);
      NDArray volumes = scope.randomNormal(new Shape(2, 1, 40, 48, 44));
      Safetensors.write(
          OUT.resolve("answers.safetensors"),
          Map.of(
              "ids", reports.tokenIds(),
              "mask", reports.attentionMask(),
              "text_tokens", model.network().text.encode(parameters, reports, false).tokens(),
              "volumes", volumes,
              "vision_tokens", model.network().vision.encode(parameters, volumes, false).tokens(),
              "volume_embeddings", model.encodeVolumes(volumes)),
          Map.of());
    }
  }
}

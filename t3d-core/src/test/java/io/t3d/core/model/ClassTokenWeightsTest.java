package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.vision.Vit3d;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassTokenWeightsTest {
  private static final Shape VIEWS = new Shape(1, 1, 4, 4, 4);

  @TempDir Path dir;

  /** MONAI's class token has no position; that of timm and HuggingFace has the first. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPublishedClassTokenIsKeptWhereTheVariantHasOne(boolean positioned) throws IOException {
    Vit3dConfig config =
        Vit3dConfig.builder()
            .patch(Size3.cube(2))
            .hiddenSize(12)
            .layers(1)
            .heads(2)
            .mlpSize(8)
            .position(Position.LEARNED)
            .gridSize(Size3.cube(2))
            .dropout(0)
            .variant(
                Vit3dVariant.builder().classToken(true).pooling(Pooling.CLS).layerScale(1).build())
            .build();
    try (NDManager manager = TestDevice.manager()) {
      Engine.getInstance().setRandomSeed(3);
      Vit3d net = new Vit3d(config);
      net.initialize(manager, DataType.FLOAT32, VIEWS);
      Map<String, NDArray> file = new LinkedHashMap<>();
      StateDict.of(net).forEach((name, p) -> file.put(name, p.getArray()));
      if (positioned) {
        NDArray place = manager.randomNormal(new Shape(1, 1, 12));
        String table = "patch_embedding.position_embeddings";
        file.put(table, NDArrays.concat(new NDList(place, file.get(table)), 1));
        file.put("cls_token", file.get("cls_token").sub(place));
      }
      Path path = dir.resolve("vit.safetensors");
      Safetensors.write(path, file, Map.of());
      NDArray views = manager.randomNormal(VIEWS);
      VisualTokens own = net.encode(new ParameterStore(manager, false), views, false);
      T3DConfig settings = T3DConfig.tiny().toBuilder().vision(config).build();
      try (T3DModel model =
          Pretrained.none().withVision(path).create(settings, TestDevice.get(), 1)) {
        VisualTokens loaded =
            model.vision().encode(new ParameterStore(manager, false), views, false);
        NDArray pooled = loaded.pooled().orElseThrow();
        assertThat(pooled.sub(own.pooled().orElseThrow()).abs().max().getFloat()).isLessThan(1e-5f);
      }
    }
  }
}

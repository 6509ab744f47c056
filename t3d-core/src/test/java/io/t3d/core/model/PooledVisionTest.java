package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.vision.Vit3d;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** An encoder that pools by itself gives the embedding; its tokens stay tokens. */
class PooledVisionTest {
  private static final class ByFirstToken extends TypedBlock implements VisionEncoder {
    private final Vit3d vit =
        addChildBlock(
            "vit",
            new Vit3d(
                Vit3dConfig.builder()
                    .patch(Size3.cube(4))
                    .hiddenSize(16)
                    .layers(1)
                    .heads(2)
                    .mlpSize(16)
                    .build()));

    @Override
    public int channels() {
      return 16;
    }

    @Override
    public Size3 exampleSize() {
      return Size3.cube(4);
    }

    @Override
    public VisualTokens encode(ParameterStore parameters, NDArray views, boolean training) {
      VisualTokens h = vit.encode(parameters, views, training);
      Optional<NDArray> first = Optional.of(h.tokens().get(":, 0"));
      return new VisualTokens(h.tokens(), h.depth(), h.height(), h.width(), first);
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      return encode(parameters, inputs.singletonOrThrow(), training).tokens();
    }
  }

  @Test
  void theEmbeddingIsTheProjectedPooledFeatureInAllWaysOfEncoding() {
    try (T3DModel model =
            T3DModel.builder()
                .vision(new ByFirstToken())
                .text(TextConfig.tiny())
                .embedDim(8)
                .device(TestDevice.get())
                .build();
        NDManager scope = model.manager().newSubManager()) {
      NDArray volumes = scope.randomUniform(0, 1, new Shape(2, 1, 8, 8, 8));
      VolumeFeatures features = model.encodeVolumeTokens(volumes);
      assertThat(features.tokens().getShape()).isEqualTo(new Shape(2, 8, 8));
      float[] expected = features.tokens().get(":, 0").normalize(2, 1).toFloatArray();

      assertThat(features.embeddings().toFloatArray()).containsExactly(expected, within(1e-6f));
      assertThat(model.encodeVolumes(volumes).toFloatArray())
          .containsExactly(expected, within(1e-6f));

      float[] voxels = volumes.toFloatArray();
      List<List<View>> views = List.of(List.of(view(voxels, 0)), List.of(view(voxels, 512)));
      T3DOutput output =
          model.forward(
              ViewBatch.collate(scope, views), model.tokenize(scope, List.of("a b", "c d")));
      assertThat(output.views().get(0).embedding().toFloatArray())
          .containsExactly(expected, within(1e-6f));
    }
  }

  private static View view(float[] voxels, int from) {
    float[] own = Arrays.copyOfRange(voxels, from, from + 512);
    Volume volume = new Volume(own, 8, 8, 8, Affine.identity());
    return new View(View.Kind.GLOBAL, volume, volume.bounds());
  }
}

package io.t3d.core.nn.ctvit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.nn.StateDict;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import io.t3d.core.train.TrainingConfig.Precision;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Beside {@code CtClipTest} of t3d-pipeline, which compares with CT-CLIP's own code. */
class CtVitTest {
  private static final CtVitConfig SMALL =
      new CtVitConfig(new Size3(2, 4, 4), 2, 3, 32, 2, 1, 2, 4, 24, 2, 16, 8);
  private static final Shape VIEWS = new Shape(2, 1, 6, 8, 12);

  private static CtVit encoder(NDManager manager) {
    Engine.getInstance().setRandomSeed(7);
    CtVit vit = new CtVit(SMALL);
    vit.initialize(manager, DataType.FLOAT32, VIEWS);
    return vit;
  }

  private static NDArray views(NDManager manager) {
    return manager.randomUniform(-1, 1, VIEWS);
  }

  @Test
  void theSettingsAreKeptInFilesAsTheyAre() {
    String json = Configs.toJson(SMALL);
    assertThat(Configs.fromJson(json, VisionConfig.class)).isEqualTo(SMALL);
    assertThat(CtVitConfig.ctClip().places()).isEqualTo(576);
  }

  @Test
  void eachTokenIsAVectorOfTheCodebookAndVolumesOfABatchDoNotMix() {
    try (NDManager manager = TestDevice.manager()) {
      CtVit vit = encoder(manager);
      NDArray views = views(manager);
      ParameterStore parameters = new ParameterStore(manager, false);
      NDArray both = vit.encode(parameters, views, false).tokens();
      assertThat(both.getShape()).isEqualTo(new Shape(2, 18, 32));
      float[] codes = StateDict.of(vit).get("codebook.codes").getArray().toFloatArray();
      float[] tokens = both.toFloatArray();
      for (int i = 0; i < 36; i++) {
        double nearest = Double.POSITIVE_INFINITY;
        for (int k = 0; k < 16; k++) {
          double distance = 0;
          for (int c = 0; c < 32; c++) {
            distance += Math.abs(tokens[i * 32 + c] - codes[k * 32 + c]);
          }
          nearest = Math.min(nearest, distance);
        }
        assertThat(nearest).isZero();
      }
      NDArray second = vit.encode(parameters, views.get("1:2"), false).tokens();
      assertThat(second.toFloatArray()).containsExactly(both.get("1:2").toFloatArray());
    }
  }

  @Test
  void nullKeysAndDistancesTakePartInAttention() {
    try (NDManager manager = TestDevice.manager()) {
      CosineAttention attention = new CosineAttention(SMALL);
      Engine.getInstance().setRandomSeed(3);
      attention.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 32));
      NDArray x = manager.randomNormal(new Shape(2, 5, 32));
      NDArray bias = manager.randomNormal(new Shape(1, 2, 5, 5));
      float[] got =
          attention
              .attend(new ParameterStore(manager, false), x, Optional.of(bias), false)
              .toFloatArray();
      double[] expected =
          byLoops(StateDict.of(attention), x.toFloatArray(), bias.toFloatArray(), 2, 5);
      for (int i = 0; i < got.length; i++) {
        assertThat((double) got[i]).isCloseTo(expected[i], within(1e-5));
      }
    }
  }

  /** Attention by its definition: heads of 4, two null keys before the tokens' own, scale 8. */
  private static double[] byLoops(
      Map<String, Parameter> weights, float[] x, float[] bias, int batch, int length) {
    Map<String, float[]> w = new LinkedHashMap<>();
    weights.forEach((name, p) -> w.put(name, p.getArray().toFloatArray()));
    int c = 32;
    double[] out = new double[batch * length * c];
    for (int b = 0; b < batch; b++) {
      double[][] query = new double[length][];
      double[][] keyValue = new double[length][];
      for (int i = 0; i < length; i++) {
        double[] row = new double[c];
        double mean = 0;
        for (int k = 0; k < c; k++) {
          row[k] = x[(b * length + i) * c + k];
          mean += row[k] / c;
        }
        double variance = 0;
        for (double v : row) {
          variance += (v - mean) * (v - mean) / c;
        }
        double[] normed = new double[c];
        for (int k = 0; k < c; k++) {
          normed[k] = (row[k] - mean) / Math.sqrt(variance + 1e-5) * w.get("norm.gain")[k];
        }
        query[i] = times(w.get("to_q.weight"), normed);
        keyValue[i] = times(w.get("to_kv.weight"), row);
      }
      for (int i = 0; i < length; i++) {
        double[] joined = new double[8];
        for (int head = 0; head < 2; head++) {
          double[] logits = new double[2 + length];
          double[][] values = new double[2 + length][4];
          double[] q = unit(query[i], head * 4, w.get("q_scale"));
          for (int j = 0; j < 2 + length; j++) {
            double[] k = new double[4];
            for (int d = 0; d < 4; d++) {
              // Rows of null_kv: key 0, value 0, key 1, value 1.
              k[d] =
                  j < 2
                      ? w.get("null_kv")[(head * 4 + 2 * j) * 4 + d]
                      : keyValue[j - 2][head * 4 + d];
              values[j][d] =
                  j < 2
                      ? w.get("null_kv")[(head * 4 + 2 * j + 1) * 4 + d]
                      : keyValue[j - 2][8 + head * 4 + d];
            }
            k = unit(k, 0, w.get("k_scale"));
            for (int d = 0; d < 4; d++) {
              logits[j] += 8 * q[d] * k[d];
            }
            logits[j] += j < 2 ? 0 : bias[(head * length + i) * length + j - 2];
          }
          double sum = 0;
          for (double logit : logits) {
            sum += Math.exp(logit);
          }
          for (int j = 0; j < 2 + length; j++) {
            for (int d = 0; d < 4; d++) {
              joined[head * 4 + d] += Math.exp(logits[j]) / sum * values[j][d];
            }
          }
        }
        double[] row = times(w.get("to_out.weight"), joined);
        System.arraycopy(row, 0, out, (b * length + i) * c, c);
      }
    }
    return out;
  }

  private static double[] times(float[] matrix, double[] x) {
    double[] out = new double[matrix.length / x.length];
    for (int i = 0; i < out.length; i++) {
      for (int k = 0; k < x.length; k++) {
        out[i] += matrix[i * x.length + k] * x[k];
      }
    }
    return out;
  }

  private static double[] unit(double[] from, int at, float[] scale) {
    double norm = 0;
    for (int d = 0; d < scale.length; d++) {
      norm += from[at + d] * from[at + d];
    }
    double[] out = new double[scale.length];
    for (int d = 0; d < scale.length; d++) {
      out[d] = from[at + d] / Math.sqrt(norm) * scale[d];
    }
    return out;
  }

  @Test
  void checkpointedActivationsGiveTheSameGradients() {
    try (NDManager manager = TestDevice.manager()) {
      CtVit vit = encoder(manager);
      NDArray views = views(manager);
      Map<String, float[]> plain = gradients(manager, vit, views, false);
      Map<String, float[]> checkpointed = gradients(manager, vit, views, true);
      assertThat(plain.keySet())
          .contains("position_bias.0.weight", "spatial.layers.1.mlp.in.weight");
      plain.forEach(
          (name, gradient) -> {
            float largest = 1;
            for (float g : gradient) {
              largest = Math.max(largest, Math.abs(g));
            }
            assertThat(checkpointed.get(name))
                .as(name)
                .containsExactly(gradient, within(1e-5f * largest));
          });
    }
  }

  private static Map<String, float[]> gradients(
      NDManager owner, CtVit vit, NDArray views, boolean checkpointed) {
    Map<String, Parameter> parameters = StateDict.of(vit);
    try (NDManager step = owner.newSubManager()) {
      NDArray input = views.duplicate();
      input.attach(step);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        if (checkpointed) {
          try (ActivationCheckpoints checkpoints = ActivationCheckpoints.open(step, 1)) {
            collector.backward(loss(vit, step, input));
            checkpoints.backward();
          }
        } else {
          collector.backward(loss(vit, step, input));
        }
      }
      Map<String, float[]> out = new LinkedHashMap<>();
      parameters.forEach(
          (name, p) -> {
            if (p.requiresGradient()) {
              NDArray gradient = p.getArray().getGradient();
              out.put(name, gradient.toFloatArray());
              gradient.subi(gradient.duplicate());
            }
          });
      return out;
    }
  }

  private static NDArray loss(CtVit vit, NDManager step, NDArray views) {
    NDArray tokens = vit.encode(new ParameterStore(step, false), views, true).tokens();
    return tokens.mul(step.arange((int) tokens.size()).reshape(tokens.getShape()).sin()).sum();
  }

  @Test
  void underAutocastItRunsWithNullKeysToo() {
    try (NDManager manager = TestDevice.manager()) {
      CtVit vit = encoder(manager);
      NDArray views = views(manager);
      float[] rounded =
          Precision.BFLOAT16
              .run(
                  TestDevice.get(),
                  () -> vit.encode(new ParameterStore(manager, false), views, false).tokens())
              .toFloatArray();
      assertThat(rounded).hasSize(2 * 18 * 32).doesNotContain(Float.NaN);
    }
  }

  @Test
  void underAutocastACodeIsChosenInFloat32() {
    try (NDManager manager = TestDevice.manager()) {
      Codebook codebook = new Codebook(SMALL);
      codebook.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 32));
      // Between two codes, a little nearer to the first: bfloat16 does not tell them apart.
      NDArray codes = StateDict.of(codebook).get("codes").getArray();
      NDArray a = codes.get("0:1").normalize(2, 1);
      NDArray near = a.mul(1.0005f).add(codes.get("1:2").normalize(2, 1));
      NDArray tokens = near.reshape(1, 1, 32);
      ParameterStore parameters = new ParameterStore(manager, false);
      float[] rounded =
          Precision.BFLOAT16.run(
              TestDevice.get(), () -> codebook.quantize(parameters, tokens, false).toFloatArray());
      assertThat(rounded).containsExactly(codes.get(0).toFloatArray());
    }
  }

  @Test
  void layersAreCountedFromThePatchesUp() {
    CtVit vit = new CtVit(SMALL);
    assertThat(vit.layers()).isEqualTo(3);
    assertThat(vit.layerOf("patch_embedding.linear.weight")).isZero();
    assertThat(vit.layerOf("position_bias.0.weight")).isZero();
    assertThat(vit.layerOf("spatial.layers.1.mlp.in.weight")).isEqualTo(2);
    assertThat(vit.layerOf("temporal.layers.0.position.weight")).isEqualTo(3);
    assertThat(vit.layerOf("codebook.codes")).isEqualTo(4);
  }

  @Test
  void viewsOfAnotherSizeAreRefused() {
    try (NDManager manager = TestDevice.manager()) {
      CtVit vit = encoder(manager);
      assertThatThrownBy(
              () ->
                  vit.encode(
                      new ParameterStore(manager, false),
                      manager.zeros(new Shape(1, 1, 6, 12, 12)),
                      false))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("must be (B, 1, n·2, 8, 12), got (1, 1, 6, 12, 12)");
    }
  }
}

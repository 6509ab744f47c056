package io.t3d.core.nn.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Configs;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.OrganVit3dConfig.Organ;
import io.t3d.core.config.OrganVit3dConfig.Window;
import io.t3d.core.config.Size3;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dConfig.Position;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OrganVit3dTest {
  private static final Window WINDOW = new Window(Size3.cube(1), Size3.cube(4), new Size3(4, 4, 8));

  private NDManager manager;
  private OrganVit3d net;

  @BeforeEach
  void build() {
    manager = TestDevice.manager();
    net = new OrganVit3d(config(List.of(0, 2)));
    net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 2, 2, 2));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static Vit3dConfig vit(Position position) {
    return Vit3dConfig.builder()
        .patch(Size3.cube(2))
        .hiddenSize(12)
        .layers(3)
        .heads(2)
        .mlpSize(16)
        .position(position)
        .gridSize(new Size3(2, 2, 2))
        .build();
  }

  private static OrganVit3dConfig config(List<Integer> levels) {
    return new OrganVit3dConfig(
        vit(Position.LEARNED_RESIZED),
        levels,
        3,
        5,
        List.of(
            new Organ("lung", List.of(10, 11), List.of("Nodule")),
            new Organ("heart", List.of(51), List.of())),
        WINDOW);
  }

  private NDArray window(int depth) {
    return manager.arange(0f, depth * 16f, 1f).sin().reshape(1, 1, depth, 4, 4);
  }

  private float[] embed(NDArray window, int organ, int... patches) {
    return net.embedOrgan(new ParameterStore(manager, false), window, organ, patches, false)
        .toFloatArray();
  }

  @Test
  void anOrgansEmbeddingIsOfUnitLengthAndDependsOnOrganPatchesAndWindow() {
    float[] lung = embed(window(4), 0, 0, 3);
    assertThat(lung).hasSize(5);
    double norm = 0;
    for (float v : lung) {
      norm += v * v;
    }
    assertThat(norm).isCloseTo(1, within(1e-5));
    assertThat(embed(window(4), 0, 0, 3)).isEqualTo(lung);
    assertThat(embed(window(4), 1, 0, 3)).isNotEqualTo(lung);
    assertThat(embed(window(4), 0, 0, 7)).isNotEqualTo(lung);
    assertThat(embed(window(6), 0, 0, 3)).isNotEqualTo(lung); // 3×2×2 tokens of a table of 2×2×2
    // What attention gathers has no order.
    assertThat(embed(window(4), 0, 3, 0)).containsExactly(lung, within(1e-5f));
  }

  @Test
  void wholeVolumesAreRefused() {
    ParameterStore parameters = new ParameterStore(manager, false);
    assertThatThrownBy(() -> net.encode(parameters, window(4), false))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("expected a volume and a label map of its lung, heart, got a volume");
    assertThatThrownBy(() -> net.featureMaps(parameters, window(4), false))
        .isInstanceOf(T3dException.class);
  }

  @Test
  void patchesAndOrgansThatAreNotThereAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> embed(window(4), 2, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> embed(window(4), 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> embed(window(4), 0, 8))
        .withMessageContaining("0 to 7, got 8");
  }

  @Test
  void aTableOfPositionsIsResizedToTheGridOfTheView() {
    TokenEmbedding3d fixed = embedding(Position.LEARNED);
    TokenEmbedding3d resized = embedding(Position.LEARNED_RESIZED);
    ParameterStore parameters = new ParameterStore(manager, false);
    // The patches alone are zero, so that what is left is the table.
    NDArray own = resized.forward(parameters, manager.zeros(new Shape(1, 1, 4, 4, 4)), false);
    assertThat(own.toFloatArray())
        .isEqualTo(
            fixed
                .forward(parameters, manager.zeros(new Shape(1, 1, 4, 4, 4)), false)
                .toFloatArray());
    NDArray deeper = resized.forward(parameters, manager.zeros(new Shape(1, 1, 8, 4, 4)), false);
    // Along z 2 places become 4: a, 3/4 a + 1/4 b, 1/4 a + 3/4 b, b.
    float[] a = own.get("0, 0").toFloatArray();
    float[] b = own.get("0, 4").toFloatArray();
    float[] second = deeper.get("0, 4").toFloatArray();
    for (int c = 0; c < a.length; c++) {
      assertThat(second[c]).isCloseTo(0.75f * a[c] + 0.25f * b[c], within(1e-6f));
    }
    assertThat(deeper.get("0, 12").toFloatArray()).containsExactly(b, within(1e-6f));
  }

  private TokenEmbedding3d embedding(Position position) {
    TokenEmbedding3d out = new TokenEmbedding3d(vit(position));
    out.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 2, 2, 2));
    StateDict.of(out)
        .forEach(
            (name, parameter) -> {
              NDArray array = parameter.getArray();
              NDArray wave =
                  manager.arange(0f, (float) array.size(), 1f).cos().reshape(array.getShape());
              (name.startsWith("position") ? wave : wave.mul(0)).copyTo(array);
            });
    return out;
  }

  @Test
  void settingsAreReadBackAndChecked() {
    OrganVit3dConfig config = config(List.of(0, 2));
    assertThat(Configs.fromJson(Configs.toJson(config), OrganVit3dConfig.class)).isEqualTo(config);
    assertThat(Configs.fromJson(Configs.toJson(config), VisionConfig.class)).isEqualTo(config);
    assertThat(VisionEncoders.configOf(VisionEncoders.create(config))).isEqualTo(config);
    assertThat(net.layerOf("vit.blocks.1.norm1.weight")).isEqualTo(2);
    assertThat(net.layerOf("query_tokens")).isEqualTo(4);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> config(List.of(2, 0)))
        .withMessageContaining("must ascend");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> config(List.of(3)))
        .withMessageContaining("less than the 3 layers");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Organ("lung", List.of(0), List.of()))
        .withMessageContaining("without 0");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new OrganVit3dConfig(
                    vit(Position.NONE),
                    List.of(1),
                    3,
                    5,
                    List.of(
                        new Organ("a", List.of(1), List.of()),
                        new Organ("b", List.of(1), List.of())),
                    WINDOW))
        .withMessageContaining("names and labels differ");
  }
}

package io.t3d.cli.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.config.Size3;
import io.t3d.core.file.Safetensors;
import io.t3d.core.nn.vision.OrganVit3d;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Published models as files of ONNX, on the small checkpoints of {@code t3d-pipeline}, in ONNX
 * Runtime.
 */
class ExportImportedTest {
  private static final Path GOLDEN = Path.of("../t3d-pipeline/src/test/resources/golden/published");

  @TempDir Path dir;

  @Test
  void ctClipsFileGivesTheEmbeddingsOfItsOwnCode() throws IOException, OrtException {
    imported("ct-clip.pt", "--tokenizer", GOLDEN.resolve("ct-clip"));
    exported("vision.onnx", "text.onnx", "tokenizer.json");
    try (NDManager scope = NDManager.newBaseManager(Device.cpu())) {
      Map<String, NDArray> own =
          Safetensors.read(scope, GOLDEN.resolve("ct-clip.expected.safetensors")).tensors();
      assertThat(embeddings(own.get("volumes")))
          .containsExactly(own.get("images").toFloatArray(), within(1e-4f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"spectre", "radfinder"})
  void filesOfCropsGiveTheEmbeddingsOfTheImportedModel(String name)
      throws IOException, OrtException {
    imported(name + ".safetensors");
    exported("vision.onnx");
    try (TrainedModel trained = TrainedModel.open(dir.resolve("model"), Device.cpu());
        NDManager scope = trained.model().manager().newSubManager()) {
      Size3 view = trained.data().views().globalSize();
      NDArray voxels = wave(scope, new Shape(1, 1, view.depth(), view.height(), view.width()));
      assertThat(embeddings(voxels))
          .containsExactly(trained.model().encodeVolumes(voxels).toFloatArray(), within(1e-4f));
    }
  }

  @Test
  void fvlmsFileGivesTheEmbeddingsOfTheImportedModelsOrgans() throws IOException, OrtException {
    imported("fvlm.safetensors", "--tokenizer", Bert.write(dir.resolve("bert")));
    exported("vision.onnx", "text.onnx", "tokenizer.json");
    try (TrainedModel trained = TrainedModel.open(dir.resolve("model"), Device.cpu());
        NDManager scope = trained.model().manager().newSubManager()) {
      OrganVit3d encoder = (OrganVit3d) trained.model().vision();
      Shape window = new Shape(1, 1, 48, 32, 96); // 3 × 2 × 3 patches
      NDArray voxels = wave(scope, window);
      NDArray mask = scope.zeros(window);
      mask.set(new NDIndex("0, 0, 20:22, 10:20, 31:33"), 1); // of patches 6, 7, 9 and 10
      for (int organ = 0; organ < 4; organ++) {
        NDArray expected =
            encoder.embedOrgan(
                new ParameterStore(scope, false), voxels, organ, new int[] {6, 7, 9, 10}, false);
        assertThat(organ(voxels, mask, organ))
            .containsExactly(expected.toFloatArray(), within(1e-4f));
      }
    }
  }

  private float[] organ(NDArray voxels, NDArray mask, long organ) throws OrtException {
    OrtEnvironment runtime = OrtEnvironment.getEnvironment();
    long[] shape = voxels.getShape().getShape();
    try (OrtSession session = runtime.createSession(dir.resolve("onnx/vision.onnx").toString());
        OnnxTensor views =
            OnnxTensor.createTensor(runtime, FloatBuffer.wrap(voxels.toFloatArray()), shape);
        OnnxTensor held =
            OnnxTensor.createTensor(runtime, FloatBuffer.wrap(mask.toFloatArray()), shape);
        OnnxTensor place = OnnxTensor.createTensor(runtime, new long[] {organ});
        OrtSession.Result result =
            session.run(Map.of("views", views, "mask", held, "organ", place))) {
      return numbers(result);
    }
  }

  private void imported(String file, Object... more) {
    List<Object> words =
        new ArrayList<>(List.of("import", GOLDEN.resolve(file), "--out", dir.resolve("model")));
    words.addAll(List.of(more));
    CommandRun run = CommandRun.of(words.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  private void exported(String... files) {
    Path out = dir.resolve("onnx");
    CommandRun run =
        CommandRun.of("export", "--onnx", "--checkpoint", dir.resolve("model"), "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains(files);
  }

  /** Values that differ along every axis. */
  private static NDArray wave(NDManager scope, Shape shape) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (Math.sin(0.37 * i) + Math.cos(0.00011 * i));
    }
    return scope.create(values, shape);
  }

  private float[] embeddings(NDArray views) throws OrtException {
    OrtEnvironment runtime = OrtEnvironment.getEnvironment();
    FloatBuffer voxels = FloatBuffer.wrap(views.toFloatArray());
    try (OrtSession session = runtime.createSession(dir.resolve("onnx/vision.onnx").toString());
        OnnxTensor input = OnnxTensor.createTensor(runtime, voxels, views.getShape().getShape());
        OrtSession.Result result = session.run(Map.of("views", input))) {
      return numbers(result);
    }
  }

  private static float[] numbers(OrtSession.Result result) {
    FloatBuffer numbers = ((OnnxTensor) result.get("embedding").orElseThrow()).getFloatBuffer();
    float[] out = new float[numbers.remaining()];
    numbers.get(out);
    return out;
  }
}

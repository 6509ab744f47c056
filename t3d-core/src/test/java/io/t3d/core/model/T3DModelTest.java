package io.t3d.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class T3DModelTest {
  private static final List<String> REPORTS =
      List.of("No pleural effusion.", "Small nodule in the right upper lobe, 7 mm.");

  @Test
  void forwardGivesAllOutputsInTheirShapes() {
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1);
        NDManager manager = model.manager().newSubManager()) {
      ViewBatch views =
          new ViewBatch(
              List.of(
                  slot(manager, View.Kind.GLOBAL, 32),
                  slot(manager, View.Kind.GLOBAL, 32),
                  slot(manager, View.Kind.LOCAL, 16)));
      T3DOutput out = model.forward(views, model.tokenize(manager, REPORTS));
      assertThat(out.views()).hasSize(3);
      for (ViewFeatures v : out.views()) {
        assertThat(v.embedding().getShape()).isEqualTo(new Shape(2, 128));
        assertThat(v.fusedEmbedding().getShape()).isEqualTo(new Shape(2, 128));
        assertThat(v.tokens().getShape()).isEqualTo(new Shape(2, v.grid().size(), 128));
        assertThat(v.fusedTokens().getShape()).isEqualTo(v.tokens().getShape());
      }
      assertThat(out.textEmbeddings().getShape()).isEqualTo(new Shape(2, 128));
      assertThat(out.prototypes().getShape()).isEqualTo(new Shape(64, 128));
      assertThat(out.logitScale().getShape()).isEqualTo(new Shape());
    }
  }

  @Test
  void aCheckpointGivesTheSameEmbeddings(@TempDir Path dir) throws Exception {
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1)) {
      model.save(dir.resolve("m"));
      try (T3DModel loaded = T3DModel.load(dir.resolve("m"), Device.cpu());
          NDManager manager = model.manager().newSubManager()) {
        NDArray volumes = manager.randomNormal(new Shape(5, 1, 32, 32, 32));
        assertThat(loaded.encodeVolumes(volumes).toFloatArray())
            .isEqualTo(model.encodeVolumes(volumes).toFloatArray());
        assertThat(loaded.encodeReports(manager, REPORTS).toFloatArray())
            .isEqualTo(model.encodeReports(manager, REPORTS).toFloatArray());
      }
    }
  }

  private static ViewBatch.Slot slot(NDManager manager, View.Kind kind, int side) {
    return new ViewBatch.Slot(
        kind,
        manager.randomNormal(new Shape(2, 1, side, side, side)),
        List.of(Affine.identity(), Affine.identity()));
  }
}

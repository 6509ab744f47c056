package io.t3d.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.config.internal.OldForm;
import io.t3d.core.internal.cuda.DeviceNames;
import io.t3d.core.model.Pretrained;
import io.t3d.core.train.TrainingConfig;
import io.t3d.data.load.ReportSampling;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.view.ViewConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * All settings of a pre-training run, in the form of the files under {@code examples/configs}.
 *
 * @param model networks
 * @param data preprocessing, views and batches
 * @param objective losses and their weights
 * @param training optimizer, schedule and checkpoints
 * @param pretrained published weights to start from; none when left out
 * @param device {@code auto}, {@code cpu}, {@code gpu}, or {@code gpu1} and so on; that of {@code
 *     -Dt3d.device} when left out, and without it {@code auto}: a GPU where all is there
 */
@OldForm(PretrainConfig.PreparationUnsaid.class)
public record PretrainConfig(
    T3DConfig model,
    DataConfig data,
    ObjectiveConfig objective,
    TrainingConfig training,
    Optional<Pretrained> pretrained,
    @LeftOutWhenEmpty Optional<String> device) {
  /** Passes over the training pairs of {@link #tiny()}: six minutes of two cores. */
  public static final int QUICKSTART_EPOCHS = 14;

  // At 3e-3 nothing is learned; see docs/adr/0004-what-the-quickstart-needs.md.
  private static final double LEARNING_RATE = 5e-4;

  /** Settings of a run that starts from random weights. */
  public PretrainConfig(
      T3DConfig model, DataConfig data, ObjectiveConfig objective, TrainingConfig training) {
    this(model, data, objective, training, Optional.empty(), Optional.empty());
  }

  /** Checks that nothing is missing and that the device has a device's name. */
  public PretrainConfig {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(objective, "objective");
    Objects.requireNonNull(training, "training");
    Objects.requireNonNull(pretrained, "pretrained");
    Objects.requireNonNull(device, "device").ifPresent(DeviceNames::parse);
  }

  /** The quickstart's settings: phantoms or other small volumes on two cores, in minutes. */
  public static PretrainConfig tiny() {
    return new PretrainConfig(
        T3DConfig.tiny(),
        new DataConfig(
            Preprocessing.windowOnly().withWindow(IntensityWindow.between(-1000, 800)),
            ViewConfig.tiny(),
            ReportSampling.sentences(),
            16,
            2,
            2048),
        ObjectiveConfig.t3d(),
        TrainingConfig.builder().learningRate(LEARNING_RATE).epochs(QUICKSTART_EPOCHS).build());
  }

  /** The same settings with another preparation of volumes. */
  public PretrainConfig withPreprocessing(Preprocessing other) {
    return new PretrainConfig(
        model, data.withPreprocessing(other), objective, training, pretrained, device);
  }

  /** The same settings with another objective. */
  public PretrainConfig withObjective(ObjectiveConfig other) {
    return new PretrainConfig(model, data, other, training, pretrained, device);
  }

  /** The same settings with another length and seed. */
  public PretrainConfig with(int epochs, long seed) {
    TrainingConfig changed = training.toBuilder().epochs(epochs).seed(seed).build();
    return new PretrainConfig(model, data, objective, changed, pretrained, device);
  }

  /** The same settings on another device, by its name. */
  public PretrainConfig withDevice(String name) {
    return new PretrainConfig(model, data, objective, training, pretrained, Optional.of(name));
  }

  /**
   * A file that names an encoder to start from, and says nothing of the preparation of volumes,
   * means the encoder's.
   */
  static final class PreparationUnsaid implements Consumer<ObjectNode> {
    @Override
    public void accept(ObjectNode settings) {
      JsonNode start = settings.path("pretrained");
      boolean said = settings.path("data").has("preprocessing");
      if (said || !start.path("vision").isTextual() || start.has("preparation")) {
        return;
      }
      ((ObjectNode) start).put("preparation", "model");
      if (!settings.has("preset") && settings.path("data") instanceof ObjectNode data) {
        data.putObject("preprocessing").put("preset", "none");
      }
    }
  }
}

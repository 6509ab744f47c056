package io.t3d.pipeline.segment;

import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.cuda.DeviceNames;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.SegmentationTraining;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.core.volume.Spacing;
import io.t3d.data.phantom.Structure;
import io.t3d.data.prepare.Masks;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.losses.DiceCrossEntropyLoss;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * All settings of {@code ./t3d segment train}.
 *
 * @param segmenter encoder, decoder, classes and window; a checkpoint's encoder takes the place of
 *     its {@code vision}
 * @param preprocessing of volumes and masks; the checkpoint's should be close to it
 * @param loss Dice + cross-entropy
 * @param training steps, batch and optimizer
 * @param cacheMegabytes volumes and masks kept in memory
 * @param masksOnOtherGrid what becomes of masks on another grid than their volume's; an error when
 *     left out
 * @param device as of a pre-training run
 */
public record SegmentationConfig(
    SegmenterConfig segmenter,
    Preprocessing preprocessing,
    DiceCrossEntropyLoss.Settings loss,
    SegmentationTraining training,
    int cacheMegabytes,
    Optional<Masks.OtherGrid> masksOnOtherGrid,
    @LeftOutWhenEmpty Optional<String> device) {
  /** Settings by which masks on another grid are an error, and that leave the device open. */
  public SegmentationConfig(
      SegmenterConfig segmenter,
      Preprocessing preprocessing,
      DiceCrossEntropyLoss.Settings loss,
      SegmentationTraining training,
      int cacheMegabytes) {
    this(
        segmenter,
        preprocessing,
        loss,
        training,
        cacheMegabytes,
        Optional.empty(),
        Optional.empty());
  }

  /** Checks that nothing is missing and that the device has a device's name. */
  public SegmentationConfig {
    Objects.requireNonNull(segmenter, "segmenter");
    Objects.requireNonNull(preprocessing, "preprocessing");
    Objects.requireNonNull(loss, "loss");
    Objects.requireNonNull(training, "training");
    Objects.requireNonNull(masksOnOtherGrid, "masksOnOtherGrid");
    Objects.requireNonNull(device, "device").ifPresent(DeviceNames::parse);
  }

  /** The organs of phantoms at 6 mm, with the quickstart's encoder: minutes on two cores. */
  public static SegmentationConfig phantom() {
    return new SegmentationConfig(
        new SegmenterConfig(
            T3DConfig.tiny().vision(),
            new DecoderConfig(8, 64),
            phantomOrgans(),
            Size3.cube(32),
            0.5,
            0.125),
        Preprocessing.windowOnly()
            .withSpacing(Spacing.isotropic(6))
            .withWindow(IntensityWindow.between(-1000, 800)),
        DiceCrossEntropyLoss.Settings.defaults().withBackground(false).overBatch(),
        // Adam moves a weight by about the learning rate a step: 1e-3 gets nowhere in 400 steps.
        SegmentationTraining.defaults()
            .withSteps(400)
            .withOptimizer(SegmentationTraining.optimizer(1e-2, 42)),
        2048);
  }

  /** The phantoms' lungs (five lobes in one) and larger organs; findings are background. */
  public static List<SegmentationClass> phantomOrgans() {
    List<Integer> lobes =
        List.of(
            Structure.RIGHT_UPPER_LOBE.value(),
            Structure.RIGHT_MIDDLE_LOBE.value(),
            Structure.RIGHT_LOWER_LOBE.value(),
            Structure.LEFT_UPPER_LOBE.value(),
            Structure.LEFT_LOWER_LOBE.value());
    return List.of(
        new SegmentationClass("lungs", lobes),
        SegmentationClass.of("heart", Structure.HEART.value()),
        SegmentationClass.of("aorta", Structure.AORTA.value()),
        SegmentationClass.of("airway", Structure.AIRWAY.value()),
        SegmentationClass.of("bone", Structure.BONE.value()),
        SegmentationClass.of("liver", Structure.LIVER.value()));
  }

  /** The same settings over another encoder. */
  public SegmentationConfig withVision(VisionConfig vision) {
    return new SegmentationConfig(
        segmenter.withVision(vision),
        preprocessing,
        loss,
        training,
        cacheMegabytes,
        masksOnOtherGrid,
        device);
  }

  /** The same settings with another training. */
  public SegmentationConfig withTraining(SegmentationTraining other) {
    return new SegmentationConfig(
        segmenter, preprocessing, loss, other, cacheMegabytes, masksOnOtherGrid, device);
  }

  /** The same settings with another preparation. */
  public SegmentationConfig withPreprocessing(Preprocessing other) {
    return new SegmentationConfig(
        segmenter, other, loss, training, cacheMegabytes, masksOnOtherGrid, device);
  }

  /** The same settings with masks resampled that lie on another grid than their volume's. */
  public SegmentationConfig resamplingMasks() {
    return new SegmentationConfig(
        segmenter,
        preprocessing,
        loss,
        training,
        cacheMegabytes,
        Optional.of(Masks.OtherGrid.RESAMPLE),
        device);
  }
}

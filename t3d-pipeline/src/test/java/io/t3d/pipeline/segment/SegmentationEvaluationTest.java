package io.t3d.pipeline.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.eval.SegmentationScores;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentationEvaluationTest {
  private static final SegmenterConfig CONFIG =
      SegmenterConfig.of(
          Vit3dConfig.base(),
          List.of(new SegmentationClass("lungs", List.of(2, 3)), SegmentationClass.of("nodule", 7)),
          Size3.cube(16));

  /** A row of voxels of 2 mm. */
  private static Volume row(float... values) {
    return new Volume(values, 1, 1, values.length, Affine.of(new Spacing(1, 1, 2)));
  }

  @Test
  void voxelsToIgnoreAreNeitherRightNorWrong() {
    Volume reference = row(0, 2, 3, 255, 255, 255, 0, 0);
    Volume predicted = row(0, 2, 2, 2, 7, 7, 0, 0);
    List<SegmentationScores> scores = SegmentationEvaluation.scores(predicted, reference, CONFIG);
    assertThat(scores.get(0).dice()).isEqualTo(1);
    assertThat(scores.get(0).hausdorff95()).isZero();
    assertThat(scores.get(1).dice()).isNaN(); // only where nothing is known
  }

  @Test
  void whatIsPredictedElsewhereIsWrong() {
    Volume reference = row(0, 2, 3, 255, 0, 0, 0, 0);
    Volume predicted = row(0, 2, 2, 0, 2, 0, 0, 7);
    List<SegmentationScores> scores = SegmentationEvaluation.scores(predicted, reference, CONFIG);
    assertThat(scores.get(0).dice()).isCloseTo(2 * 2 / 5.0, within(1e-12));
    assertThat(scores.get(0).hausdorff95()).isCloseTo(0.9 * 4, within(1e-12)); // (0, 0, 4 mm)
    assertThat(scores.get(1).dice()).isZero();
    assertThat(scores.get(1).hausdorff95()).isInfinite();
  }

  @Test
  void aMeanOfNothingIsNone() {
    Volume empty = row(0, 0, 0, 0);
    List<List<SegmentationScores>> scores =
        SegmentationEvaluation.scores(empty, empty, CONFIG).stream().map(List::of).toList();
    SegmentationEvaluation none = SegmentationEvaluation.of(1, CONFIG.classes(), scores);
    assertThat(none.meanDice()).isEmpty();
    assertThat(none.perStructure().get("lungs").dice()).isEmpty();

    Volume lungs = row(0, 2, 2, 0);
    SegmentationEvaluation half =
        SegmentationEvaluation.of(
            1,
            CONFIG.classes(),
            SegmentationEvaluation.scores(lungs, row(0, 0, 3, 0), CONFIG).stream()
                .map(List::of)
                .toList());
    assertThat(half.meanDice().orElseThrow()).isCloseTo(2 / 3.0, within(1e-12));
  }
}

package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LossCurvesTest {
  @Test
  void lossesAreSmoothedAndTheLearningRateIsNot() {
    LossCurves curves = new LossCurves(new TrainingListener() {});
    curves.onStep(step(1, 10, 0.5));
    curves.onStep(step(2, 0, 1.0));
    curves.onStep(step(3, 0, 0.0));

    List<double[]> loss = curves.losses("loss", "absent").get(0).points();
    assertThat(curves.losses("loss", "absent")).hasSize(1);
    assertThat(loss.get(2)[1]).isCloseTo(8.1, within(1e-6));
    assertThat(curves.learningRate().get(0).points().stream().map(p -> p[1]))
        .containsExactly(0.5, 1.0, 0.0);
  }

  private static StepRecord step(int step, double loss, double learningRate) {
    return new StepRecord(
        step, 0, learningRate, loss, Map.of(), 1, 1, new ProcessGroup.Traffic(0, 0, 0), false);
  }
}

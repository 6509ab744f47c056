package io.t3d.pipeline.evaluate;

import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.classify.FineTunedClassifier;
import io.t3d.core.task.classify.FineTuner;
import io.t3d.core.task.classify.LabelSubset;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.internal.LabelledRows;
import io.t3d.pipeline.internal.RowVolumes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Fine-tunes an encoder on fractions of the training labels and evaluates each result. */
public final class FineTuneRun {
  /** Gives a model to train, which the run closes. */
  @FunctionalInterface
  public interface Models {
    /** A model with its weights as they are before fine-tuning. */
    T3DModel fresh() throws IOException;
  }

  /** Is told of each step. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A step is done.
     *
     * @param fraction share of the labels that is trained on
     * @param step from 1
     * @param steps of all epochs; early stopping ends before them
     * @param loss of this step
     */
    void onStep(double fraction, int step, int steps, double loss);
  }

  private final DataConfig data;
  private final List<ManifestRow> train;
  private final List<ManifestRow> validation;
  private final List<ManifestRow> test;

  /**
   * A run over three splits.
   *
   * @param data the preparation that the encoder was trained with
   * @param train labelled rows
   * @param validation for early stopping and thresholds; may be empty
   * @param test rows to measure on
   */
  public FineTuneRun(
      DataConfig data,
      List<ManifestRow> train,
      List<ManifestRow> validation,
      List<ManifestRow> test) {
    this.data = data;
    this.train = train;
    this.validation = validation;
    this.test = test;
  }

  /**
   * Trains once per share of labels.
   *
   * @param models gives the model for each
   * @param settings shares of labels and the training
   * @param listener is told of each step
   * @throws IOException when a volume or the model cannot be read
   * @throws io.t3d.core.T3dException when there is no label, or a patient is in two splits
   */
  public List<Evaluation.Supervised> run(
      Models models, EvaluationSettings settings, Listener listener) throws IOException {
    Scoring.requireOtherPatients(train, validation, test);
    List<String> labels = LabelledRows.requireNames("Fine-tuning", train);
    LabelMatrix all = LabelledRows.matrix(train, labels);
    RowVolumes held = new RowVolumes(data, validation);
    RowVolumes tested = new RowVolumes(data, test);
    List<Evaluation.Supervised> out = new ArrayList<>();
    for (double fraction : settings.labelFractions()) {
      int[] some = LabelSubset.choose(all, LabelledRows.patients(train), fraction, settings.seed());
      RowVolumes volumes = new RowVolumes(data, Arrays.stream(some).mapToObj(train::get).toList());
      FineTuner tuner =
          new FineTuner(
              settings.fineTune(),
              (step, steps, loss) -> listener.onStep(fraction, step, steps, loss));
      LabelMatrix chosen = all.select(some);
      try (T3DModel model = models.fresh();
          FineTunedClassifier classifier =
              validation.isEmpty()
                  ? tuner.train(model, volumes, chosen)
                  : tuner.train(
                      model, volumes, chosen, held, LabelledRows.matrix(validation, labels))) {
        Scoring.Scores scores =
            new Scoring.Scores(classifier.scores(held), classifier.scores(tested));
        out.add(
            new Scoring(settings, validation, test)
                .supervised(labels, fraction, some.length, scores));
      }
    }
    return out;
  }
}

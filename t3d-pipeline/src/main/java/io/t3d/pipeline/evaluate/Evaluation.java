package io.t3d.pipeline.evaluate;

import static com.fasterxml.jackson.annotation.JsonInclude.Include.NON_EMPTY;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.t3d.core.eval.Interval;
import io.t3d.core.task.ScoreChoice;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The results of an evaluation, written as {@code metrics.json}; parts that were not requested are
 * left out.
 *
 * @param train how training went; absent when only a checkpoint was evaluated
 * @param zeroShot zero-shot classification
 * @param retrieval cross-modal retrieval
 * @param linearProbe logistic regression on frozen embeddings, one entry per share of labels; empty
 *     when not asked for
 * @param fineTune training of the whole encoder, one entry per share of labels; empty when not
 *     asked for
 */
public record Evaluation(
    @JsonInclude(NON_EMPTY) Optional<Train> train,
    @JsonInclude(NON_EMPTY) Optional<Classified> zeroShot,
    @JsonInclude(NON_EMPTY) Optional<Retrieved> retrieval,
    @JsonInclude(NON_EMPTY) List<Supervised> linearProbe,
    @JsonInclude(NON_EMPTY) List<Supervised> fineTune) {
  /** Copies the lists. */
  public Evaluation {
    linearProbe = List.copyOf(linearProbe);
    fineTune = List.copyOf(fineTune);
  }

  /** Training and the tasks that need no labels to train on. */
  public Evaluation(Train train, Classified zeroShot, Retrieved retrieval) {
    this(Optional.of(train), Optional.of(zeroShot), Optional.of(retrieval), List.of(), List.of());
  }

  /**
   * How training went.
   *
   * @param firstLoss mean over the first epoch
   * @param lastLoss mean over the last epoch
   * @param volumesPerSecond volumes seen per second of training
   * @param pairs training pairs
   * @param steps optimizer steps
   * @param seconds wall time of training
   */
  public record Train(
      double firstLoss,
      double lastLoss,
      double volumesPerSecond,
      int pairs,
      long steps,
      double seconds) {}

  /**
   * A number and its confidence interval.
   *
   * @param value on the samples as they are
   * @param lower absent when most resamples do not define it
   * @param upper absent when most resamples do not define it
   */
  public record Estimate(
      double value,
      @JsonInclude(NON_EMPTY) Optional<Double> lower,
      @JsonInclude(NON_EMPTY) Optional<Double> upper) {
    /** A value and its interval, which is absent when most resamples do not define it. */
    static Estimate of(double value, Optional<Interval> interval) {
      return new Estimate(value, interval.map(Interval::lower), interval.map(Interval::upper));
    }
  }

  /**
   * Classification of several labels.
   *
   * @param macroAuroc mean over the labels that have both classes; chance is 0.5
   * @param perLabel AUROC per label; a label with one class only is left out
   * @param volumes volumes classified
   * @param thresholds where the thresholds come from
   * @param macro metric → its mean over the labels that define it
   * @param labels label → all its metrics
   * @param score zero-shot: the score that all of these were measured with, {@code global}, {@code
   *     pooled} or {@code sum}; else absent
   * @param scoreReason why that one; else absent
   * @param scores score → macro AUROC on the evaluated volumes; those that were not chosen too.
   *     Empty of a classifier that knows one score only
   */
  public record Classified(
      double macroAuroc,
      Map<String, Double> perLabel,
      int volumes,
      String thresholds,
      Map<String, Estimate> macro,
      Map<String, LabelScores> labels,
      @JsonInclude(NON_EMPTY) Optional<String> score,
      @JsonInclude(NON_EMPTY) Optional<String> scoreReason,
      @JsonInclude(NON_EMPTY) Map<String, Double> scores) {
    /** Of a classifier that knows one score only. */
    public Classified(
        double macroAuroc,
        Map<String, Double> perLabel,
        int volumes,
        String thresholds,
        Map<String, Estimate> macro,
        Map<String, LabelScores> labels) {
      this(
          macroAuroc,
          perLabel,
          volumes,
          thresholds,
          macro,
          labels,
          Optional.empty(),
          Optional.empty(),
          Map.of());
    }

    /** The same with what is known of the score. */
    Classified by(ScoreChoice choice, Map<String, Double> all) {
      return new Classified(
          macroAuroc,
          perLabel,
          volumes,
          thresholds,
          macro,
          labels,
          Optional.of(choice.score().key()),
          Optional.of(choice.reason()),
          all);
    }
  }

  /**
   * One label.
   *
   * @param positives volumes with it
   * @param negatives volumes without it
   * @param threshold said positive from here on
   * @param metrics metric → value; one that is not defined is left out
   */
  public record LabelScores(
      int positives, int negatives, double threshold, Map<String, Estimate> metrics) {}

  /**
   * Classification by a model that was trained on labels.
   *
   * @param labelFraction share of the training patients whose labels were used
   * @param trainVolumes volumes trained on
   * @param scores on the evaluated split
   */
  public record Supervised(double labelFraction, int trainVolumes, Classified scores) {}

  /**
   * Retrieval both ways over one gallery.
   *
   * @param imageToText volume → report
   * @param textToImage report → volume
   * @param gallery number of pairs
   * @param chanceR10 what guessing gives at 10
   * @param score what both ways rank by: {@code global}, {@code pooled} or {@code sum}
   * @param scoreReason why that one
   * @param sentenceWeight weight of the sentences in the sum; absent when another score is used
   * @param scores score → its R@5 on the evaluated pairs; those that were not chosen too
   */
  public record Retrieved(
      Recall imageToText,
      Recall textToImage,
      int gallery,
      double chanceR10,
      String score,
      String scoreReason,
      @JsonInclude(NON_EMPTY) Optional<Double> sentenceWeight,
      Map<String, R5> scores) {}

  /**
   * R@5 both ways.
   *
   * @param imageToText volume → report
   * @param textToImage report → volume
   */
  public record R5(double imageToText, double textToImage) {}

  /**
   * Share of queries whose own partner is among the first k.
   *
   * @param r1 k = 1
   * @param r5 k = 5
   * @param r10 k = 10
   * @param r50 k = 50
   * @param medianRank from 1
   * @param intervals confidence intervals of these
   * @param byFindings how alike the findings of queries and of what they find are; absent without
   *     labels
   */
  public record Recall(
      double r1,
      double r5,
      double r10,
      double r50,
      double medianRank,
      Map<String, Interval> intervals,
      @JsonInclude(NON_EMPTY) Optional<Findings> byFindings) {}

  /**
   * Retrieval by findings.
   *
   * @param meanAveragePrecision items with the same findings are relevant; absent when no query has
   *     one
   * @param overlapAt k → mean Jaccard overlap of the findings of the first k ("MAP@k" of CT-CLIP)
   */
  public record Findings(
      @JsonInclude(NON_EMPTY) Optional<Double> meanAveragePrecision,
      Map<Integer, Double> overlapAt) {}
}

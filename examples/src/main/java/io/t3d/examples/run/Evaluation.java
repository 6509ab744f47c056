package io.t3d.examples.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;

/**
 * What an evaluation found; written as {@code metrics.json}. Parts that were not asked for are null
 * and left out.
 *
 * @param train how training went; null when only a checkpoint was evaluated
 * @param zeroShot zero-shot classification
 * @param retrieval cross-modal retrieval
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Evaluation(Train train, ZeroShot zeroShot, Retrieved retrieval) {
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
   * Zero-shot classification by prompts.
   *
   * @param macroAuroc mean over the labels that have both classes; chance is 0.5
   * @param perLabel AUROC per label; a label with one class only is left out
   * @param volumes volumes classified
   */
  public record ZeroShot(double macroAuroc, Map<String, Double> perLabel, int volumes) {}

  /**
   * Retrieval both ways over one gallery.
   *
   * @param imageToText volume → report
   * @param textToImage report → volume
   * @param gallery number of pairs
   * @param chanceR10 what guessing gives at 10
   */
  public record Retrieved(Recall imageToText, Recall textToImage, int gallery, double chanceR10) {}

  /**
   * Share of queries whose own partner is among the first k.
   *
   * @param r1 k = 1
   * @param r5 k = 5
   * @param r10 k = 10
   * @param medianRank from 1
   */
  public record Recall(double r1, double r5, double r10, double medianRank) {}

  /** The same with the training part. */
  public Evaluation withTrain(Train newTrain) {
    return new Evaluation(newTrain, zeroShot, retrieval);
  }
}

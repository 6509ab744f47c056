package io.t3d.cli.benchmark.task;

import io.t3d.core.internal.Checks;
import java.util.List;

/**
 * Budgets of the tasks, the same for all methods.
 *
 * @param probeFractions shares of the training labels for linear probes, in (0, 1]
 * @param fineTuneFractions shares of the training labels for fine-tuning
 * @param fineTuneEpochs passes over the labelled volumes at most; validation loss may stop earlier
 * @param fineTuneBatch volumes per step
 * @param reportEpochs passes of the report decoder over the training reports
 * @param reportVolumes test volumes that reports are written for
 * @param reportLength longest report in tokens
 * @param gatherTemperature of text-pooled scores: that of pre-training
 * @param gallery pairs that compete in retrieval
 * @param segmentationCases training volumes with masks
 * @param fewMasks the same for segmentation with few masks
 * @param segmentationSteps optimizer steps
 * @param segmentationVolumes test volumes that are segmented
 */
public record TaskSettings(
    List<Double> probeFractions,
    List<Double> fineTuneFractions,
    int fineTuneEpochs,
    int fineTuneBatch,
    int reportEpochs,
    int reportVolumes,
    int reportLength,
    double gatherTemperature,
    int gallery,
    int segmentationCases,
    int fewMasks,
    int segmentationSteps,
    int segmentationVolumes) {
  /** Checks ranges. */
  public TaskSettings {
    probeFractions = List.copyOf(probeFractions);
    fineTuneFractions = List.copyOf(fineTuneFractions);
    probeFractions.forEach(f -> Checks.inRange("TaskSettings.probeFractions", f, 1e-6, 1));
    fineTuneFractions.forEach(f -> Checks.inRange("TaskSettings.fineTuneFractions", f, 1e-6, 1));
    Checks.positive("TaskSettings.fineTuneEpochs", fineTuneEpochs);
    Checks.positive("TaskSettings.fineTuneBatch", fineTuneBatch);
    Checks.positive("TaskSettings.reportEpochs", reportEpochs);
    Checks.positive("TaskSettings.reportVolumes", reportVolumes);
    Checks.positive("TaskSettings.reportLength", reportLength);
    Checks.positive("TaskSettings.gatherTemperature", gatherTemperature);
    Checks.positive("TaskSettings.gallery", gallery);
    Checks.positive("TaskSettings.segmentationCases", segmentationCases);
    Checks.positive("TaskSettings.fewMasks", fewMasks);
    Checks.positive("TaskSettings.segmentationSteps", segmentationSteps);
    Checks.positive("TaskSettings.segmentationVolumes", segmentationVolumes);
  }
}

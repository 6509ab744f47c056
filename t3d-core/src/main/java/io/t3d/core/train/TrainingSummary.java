package io.t3d.core.train;

/**
 * The result of a training run.
 *
 * @param firstLoss mean loss of the first steps: a tenth of the training, at most 50 steps
 * @param lastLoss mean loss of as many last steps
 * @param steps steps of the whole training, those before a resume and skipped ones included
 * @param volumesPerSecond pairs over time of this run, loading and checkpoints included
 * @param skippedSteps steps left out for want of a finite loss and gradient
 * @param stopped whether a listener ended the run before its time; the checkpoint is that of its
 *     last step, and a run that resumes goes on from there
 */
public record TrainingSummary(
    double firstLoss,
    double lastLoss,
    int steps,
    double volumesPerSecond,
    int skippedSteps,
    boolean stopped) {}

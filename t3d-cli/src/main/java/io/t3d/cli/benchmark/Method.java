package io.t3d.cli.benchmark;

import io.t3d.core.text.SentenceSampling;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A way to pre-train. Order is that of the table. */
public enum Method {
  /** The whole method. */
  T3D("T3D"),
  /** The global alignment alone. */
  CLIP("CLIP"),
  /** The sigmoid loss. */
  SIGLIP("SigLIP"),
  /** Visual only: NT-Xent. */
  SIMCLR("SimCLR"),
  /** Visual only: variance, invariance, covariance. */
  VICREG("VICReg"),
  /** Visual only: swapped prediction of clusters. */
  SWAV("SwAV"),
  /** Visual only: reconstruction of hidden blocks. */
  MASKED("masked autoencoding"),
  /** Random weights. */
  SCRATCH("from scratch"),
  /** T3D whose views agree as a whole: no text in TMA. */
  T3D_WITHOUT_TEXT("T3D without text"),
  /** T3D whose views need not agree. */
  T3D_WITHOUT_VIEWS("T3D without views"),
  /** CLIP whose pooled embeddings align with sentences too. */
  SENTENCE_CLIP("sentence CLIP"),
  /** T3D whose tokens gather around whole reports. */
  T3D_WHOLE_REPORT("T3D, whole report"),
  /** Swapped prediction of learned prototypes beside the global alignment. */
  SWAV_TMA("SwAV-TMA");

  private final String title;

  Method(String title) {
    this.title = title;
  }

  /** What tables and pages call it. */
  public String title() {
    return title;
  }

  /** Name of its folders, e.g. {@code t3d-view-level}. */
  public String folder() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The objective, or none for random weights.
   *
   * @param t3d the suite's settings of the whole method, of which the ablations change what their
   *     name says and keep all else
   * @param batchSize pairs per batch, which SigLIP's bias starts from
   */
  public Optional<ObjectiveConfig> objective(ObjectiveConfig.T3d t3d, int batchSize) {
    return switch (this) {
      case T3D -> Optional.of(t3d);
      case CLIP -> Optional.of(t3d.withoutTma());
      case SIGLIP -> Optional.of(new ObjectiveConfig.SigLip(-Math.log(Math.max(1, batchSize - 1))));
      case SIMCLR -> Optional.of(ObjectiveConfig.simclr());
      case VICREG -> Optional.of(ObjectiveConfig.vicreg());
      case SWAV -> Optional.of(ObjectiveConfig.swav());
      case MASKED -> Optional.of(ObjectiveConfig.masked());
      case SCRATCH -> Optional.empty();
      case T3D_WITHOUT_TEXT ->
          with(t3d, tma -> tma.localWeight(0).sentenceWeight(0).consistencyWeight(0));
      case T3D_WITHOUT_VIEWS -> with(t3d, tma -> tma.consistencyWeight(0).viewWeight(0));
      case SENTENCE_CLIP ->
          with(t3d, tma -> tma.localWeight(0).sentenceWeight(1).consistencyWeight(0).viewWeight(0));
      case T3D_WHOLE_REPORT -> with(t3d, tma -> tma.sentences(SentenceSampling.reports()));
      case SWAV_TMA ->
          with(
              t3d.withLambda(ObjectiveConfig.swavTma().lambda()),
              tma ->
                  tma.localWeight(0)
                      .sentenceWeight(0)
                      .consistencyWeight(0)
                      .viewWeight(0)
                      .prototypeWeight(1));
    };
  }

  /** The same objective with some of TMA's settings changed. */
  private static Optional<ObjectiveConfig> with(
      ObjectiveConfig.T3d t3d, UnaryOperator<TmaConfig.Builder> change) {
    return Optional.of(t3d.withTma(change.apply(t3d.tma().toBuilder()).build()));
  }

  /** Whether volumes and reports share a space after it. */
  public boolean alignsText() {
    return switch (this) {
      case SIMCLR, VICREG, SWAV, MASKED, SCRATCH -> false;
      default -> true;
    };
  }
}

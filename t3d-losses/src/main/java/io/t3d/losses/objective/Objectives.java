package io.t3d.losses.objective;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.t3d.core.config.Size3;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.internal.SeededWeights;
import io.t3d.core.train.BatchObjective;

/** Creates the objective of a pre-training method: T3D's own or a baseline's. */
public final class Objectives {
  private Objectives() {}

  /**
   * An objective for a model. Heads of its own live as long as the model, but are no part of it.
   *
   * @param config what to minimise
   * @param model what is trained
   * @param globalView size of the global views, for the reconstruction of masked blocks
   * @param seed same seed, same start of the heads; sets the engine's random seed
   * @throws IllegalArgumentException when blocks or tokens do not divide the view
   */
  public static BatchObjective create(
      ObjectiveConfig config, T3DModel model, Size3 globalView, long seed) {
    int e = model.config().embedDim();
    if (config instanceof ObjectiveConfig.T3d t3d) {
      return T3DObjective.create(t3d, model, seed);
    }
    if (config instanceof ObjectiveConfig.Clip clip) {
      return T3DObjective.clip(clip);
    }
    if (config instanceof ObjectiveConfig.SigLip siglip) {
      return new SigLipObjective(start(new LearnedBias(siglip.bias()), model, seed, new Shape()));
    }
    if (config instanceof ObjectiveConfig.Masked masked) {
      return MaskedObjective.create(masked, model, globalView, seed);
    }
    Shape features = new Shape(2, e);
    if (config instanceof ObjectiveConfig.SimClr simclr) {
      return new VisualObjective(
          start(new MlpProjector(e, simclr.projector()), model, seed, features),
          ViewComparisons.simclr(simclr));
    }
    if (config instanceof ObjectiveConfig.VicReg vicreg) {
      return new VisualObjective(
          start(new MlpProjector(e, vicreg.projector()), model, seed, features),
          ViewComparisons.vicreg(vicreg));
    }
    ObjectiveConfig.Swav swav = (ObjectiveConfig.Swav) config;
    ObjectiveConfig.Projector sizes = new ObjectiveConfig.Projector(swav.hidden(), e);
    TmaParameters prototypes =
        start(TmaParameters.prototypes(swav.prototypes(), e), model, seed, features);
    return new VisualObjective(
        start(new MlpProjector(e, sizes), model, seed, features),
        prototypes,
        ViewComparisons.swav(swav, prototypes));
  }

  static <B extends Block> B start(B block, T3DModel model, long seed, Shape input) {
    SeededWeights.of(seed, () -> block.initialize(model.manager(), DataType.FLOAT32, input));
    return block;
  }
}

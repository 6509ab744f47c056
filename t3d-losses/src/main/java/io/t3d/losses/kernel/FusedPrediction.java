package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.t3d.core.internal.Checks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.TorchBridge;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** In {@link PredictionBlocks}, with the gradient written out. */
record FusedPrediction(double temperature) implements PrototypePrediction {
  FusedPrediction {
    Checks.positive("temperature", temperature);
    TorchBridge.require("PrototypePrediction.fused");
  }

  @Override
  public Predicted predict(List<Rows> parts, NDArray prototypes, Weights weights) {
    PlainPrediction.check(parts, prototypes);
    PredictionBlocks.Summed summed = summed(parts, prototypes, weights);
    NDArray loss = PlainPrediction.loss(summed.crossEntropy(), summed.divergence(), weights);
    if (summed.prototypes().isPresent()) {
      // The gradients are there already: a sum of products with them has just these. Its value is
      // taken off again.
      List<NDArray> carriers = new ArrayList<>();
      carriers.add(carrier(prototypes, summed.prototypes().get()));
      for (int i = 0; i < parts.size(); i++) {
        carriers.add(carrier(parts.get(i).features(), summed.features().get(i)));
      }
      NDArray carrier = BatchArrays.sum(carriers);
      loss = loss.add(carrier.sub(carrier.stopGradient()));
    }
    long targets = parts.stream().mapToLong(Rows::size).sum();
    return new Predicted(
        loss,
        summed.crossEntropy(),
        summed.divergence(),
        Scalars.divide(summed.matched(), targets));
  }

  /** Values, and gradients while a gradient collector is open. */
  PredictionBlocks.Summed summed(List<Rows> parts, NDArray prototypes, Weights weights) {
    boolean gradients = JniUtils.isGradMode();
    try (PointerScope temporaries = new PointerScope();
        NoGradGuard constant = new NoGradGuard()) {
      PredictionBlocks blocks =
          new PredictionBlocks(parts, TorchBridge.borrow(prototypes), temperature);
      blocks.predict();
      return blocks.result(prototypes.getManager(), gradients, weights);
    }
  }

  private static NDArray carrier(NDArray leaf, NDArray gradient) {
    return leaf.reshape(-1).matMul(gradient.reshape(-1)); // a dot product
  }
}

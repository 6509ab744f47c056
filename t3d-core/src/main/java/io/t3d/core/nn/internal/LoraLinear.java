package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.T3dException;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.tensor.Scalars;
import java.util.SplittableRandom;

/**
 * A linear layer that can be given a low-rank pair beside its weight (see {@code LoraConfig}).
 * Without one it is DJL's layer to the bit, under the same names.
 */
public final class LoraLinear extends Linear {
  /** A, {@code (rank, C)}. */
  static final String A = "lora_A.weight";

  /** B, {@code (O, rank)}. */
  static final String B = "lora_B.weight";

  /** alpha / rank, {@code (1)}, which is not trained: files tell it. */
  static final String SCALE = "lora_scale";

  private double scale;
  private double dropout;

  LoraLinear(int units, boolean bias) {
    super(Linear.builder().setUnits(units).optBias(bias));
  }

  /** Whether it has a pair. */
  public boolean adapted() {
    return parameters.containsKey(A);
  }

  /**
   * Refuses a pair of other settings than those asked for.
   *
   * @param name of the layer, for the error
   */
  void requireSettings(String name, LoraConfig asked) {
    if (!adapted()) {
      return;
    }
    long rank = parameters.get(A).getArray().getShape().get(0);
    if (rank != asked.rank()
        || scale != asked.alpha() / asked.rank()
        || dropout != asked.dropout()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          name
              + " has a low-rank pair of "
              + described(rank, scale * rank, dropout)
              + ", got "
              + described(asked.rank(), asked.alpha(), asked.dropout())
              + "; take the same settings, or call mergeLora() first");
    }
  }

  private static String described(long rank, double alpha, double dropout) {
    return "rank " + rank + ", alpha " + alpha + ", dropout " + dropout;
  }

  /**
   * Gives it a pair; its own weights are frozen by the caller.
   *
   * @param random of A; B is 0
   */
  void adapt(int rank, double newScale, double newDropout, SplittableRandom random) {
    NDArray weight = parameters.get("weight").getArray();
    NDManager owner = weight.getManager();
    int in = (int) weight.getShape().get(1);
    float[] start = new float[rank * in];
    double bound = 1 / Math.sqrt(in);
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) random.nextDouble(-bound, bound);
    }
    scale = newScale;
    dropout = newDropout;
    add(owner, A, owner.create(start, new Shape(rank, in)), true);
    add(owner, B, owner.zeros(new Shape(weight.getShape().get(0), rank), DataType.FLOAT32), true);
    add(owner, SCALE, owner.full(new Shape(1), (float) newScale, DataType.FLOAT32), false);
  }

  private void add(NDManager owner, String name, NDArray array, boolean trained) {
    Parameter parameter =
        addParameter(
            Parameter.builder()
                .setName(name)
                .setType(trained ? Parameter.Type.WEIGHT : Parameter.Type.OTHER)
                .optRequiresGrad(trained)
                .optShape(array.getShape())
                .optInitializer((manager, shape, type) -> array)
                .build());
    parameter.initialize(owner, DataType.FLOAT32);
  }

  /** Adds the pair's product to the weight and forgets the pair. */
  void merge() {
    NDArray weight = parameters.get("weight").getArray();
    try (NDManager scope = weight.getManager().newSubManager()) {
      NDArray a = Scopes.handle(parameters.get(A).getArray(), scope);
      NDArray b = Scopes.handle(parameters.get(B).getArray(), scope);
      weight.addi(Scalars.multiply(b.matMul(a), scale));
    }
    for (String name : new String[] {A, B, SCALE}) {
      parameters.remove(name).close();
    }
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, PairList<String, Object> arguments) {
    NDArray y = super.forwardInternal(store, inputs, training, arguments).singletonOrThrow();
    return new NDList(withPair(store, inputs.singletonOrThrow(), y, training));
  }

  /**
   * Adds the pair's share to the output of the layer's own weights, and frees that output; without
   * a pair it is the output itself.
   *
   * @param x {@code (…, C)}; stays open
   * @param y {@code (…, O)}
   */
  NDArray withPair(ParameterStore store, NDArray x, NDArray y, boolean training) {
    if (!adapted()) {
      return y;
    }
    boolean drops = training && dropout > 0;
    NDArray kept = drops ? Dropout.dropout(x, (float) dropout, true).singletonOrThrow() : x;
    NDArray thin = Linear.linear(kept, array(store, A, x, training)).singletonOrThrow(); // (…, r)
    if (drops) {
      kept.close();
    }
    try (y;
        thin;
        NDArray wide = Linear.linear(thin, array(store, B, x, training)).singletonOrThrow();
        NDArray share = Scalars.multiply(wide, scale)) { // (…, O)
      return y.add(share);
    }
  }

  private NDArray array(ParameterStore store, String name, NDArray x, boolean training) {
    return store.getValue(parameters.get(name), x.getDevice(), training);
  }
}

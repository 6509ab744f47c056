package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.function.UnaryOperator;

/**
 * A DJL block whose output is a single array. It takes DJL's lists and arrays of shapes off the
 * blocks of this library, and off encoders of one's own, whose callers use a typed method.
 */
public abstract class TypedBlock extends AbstractBlock {
  /**
   * Runs the block for DJL: takes the inputs from the list and calls the typed method.
   *
   * @param parameters where the weights come from
   * @param inputs in the order that the block documents
   * @param training whether dropout is on and batch statistics are updated
   */
  protected abstract NDArray compute(ParameterStore parameters, NDList inputs, boolean training);

  /**
   * Runs a stage of a network. Where {@code TrainingConfig.checkpointActivations} is set, what the
   * stage makes on the way is not kept: the backward pass runs it again. Else it is the step.
   *
   * @param x input of the stage, freed after its use: of an array that something else reads give a
   *     second handle
   * @param step gives a new array and leaves x open; what it reads besides x and weights comes from
   *     {@link #keep}
   * @return owned by the manager of x
   */
  protected static NDArray stage(NDArray x, UnaryOperator<NDArray> step) {
    return ActivationCheckpoints.stage(x, step);
  }

  /** A handle of an array that stages read besides their input, alive until the backward pass. */
  protected static NDArray keep(NDArray array) {
    return ActivationCheckpoints.keep(array);
  }

  /** The shape of the result; that of the first input unless overridden. */
  protected Shape outputShape(Shape... inputs) {
    return inputs[0];
  }

  /**
   * Initialises the children in the order in which they were added, each with the block's own
   * inputs. Overridden where their inputs differ, e.g. in a chain.
   */
  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    for (Block child : children.values()) {
      child.initialize(manager, dataType, inputs);
    }
  }

  @Override
  protected final NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(compute(parameters, inputs, training));
  }

  @Override
  public final Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {outputShape(inputs)};
  }
}

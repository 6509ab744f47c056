package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;
import io.t3d.core.torch.Casts;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention by the cosine of query and key, each scaled by a learned vector, with learned null
 * keys and values in front where the settings have them.
 *
 * <p>As in CT-CLIP's code the norm is before the query alone: keys and values read the tokens as
 * they are.
 */
final class CosineAttention extends TypedBlock {
  private final CtVitConfig config;
  private final GammaNorm norm;
  private final Linear toQuery;
  private final Linear toKeyValue;
  private final Linear toOut;
  private final Parameter queryScale;
  private final Parameter keyScale;
  private final @Nullable Parameter nullKeyValue;

  CosineAttention(CtVitConfig config) {
    this.config = config;
    int inner = config.heads() * config.headSize();
    norm = addChildBlock("norm", new GammaNorm(config.hiddenSize()));
    toQuery = addChildBlock("to_q", NamedBlocks.linear(inner, false));
    toKeyValue = addChildBlock("to_kv", NamedBlocks.linear(2 * inner, false));
    toOut = addChildBlock("to_out", NamedBlocks.linear(config.hiddenSize(), false));
    queryScale = addParameter(scale("q_scale"));
    keyScale = addParameter(scale("k_scale"));
    nullKeyValue =
        config.nullKeys() == 0
            ? null
            : addParameter(
                Parameter.builder()
                    .setName("null_kv")
                    .setType(Parameter.Type.OTHER)
                    .optShape(new Shape(config.heads(), 2L * config.nullKeys(), config.headSize()))
                    .optInitializer(new NormalInitializer(1))
                    .build());
  }

  private Parameter scale(String name) {
    return Parameter.builder()
        .setName(name)
        .setType(Parameter.Type.OTHER)
        .optShape(new Shape(config.headSize()))
        .optInitializer(Initializer.ONES)
        .build();
  }

  /**
   * Attends.
   *
   * @param x {@code (B, L, C)}
   * @param bias {@code (1, A, L, L)}, added to the logits
   * @return {@code (B, L, C)}
   */
  NDArray attend(ParameterStore parameters, NDArray x, Optional<NDArray> bias, boolean training) {
    return Scopes.within(x, y -> attendWithin(parameters, y, bias, training));
  }

  private NDArray attendWithin(
      ParameterStore parameters, NDArray x, Optional<NDArray> bias, boolean training) {
    NDManager scope = x.getManager();
    NDArray normed = Steps.run(norm, parameters, x, training);
    NDArray query = unit(Steps.runAndFree(toQuery, parameters, normed, training));
    NDList both = Steps.run(toKeyValue, parameters, x, training).split(2, 2); // 2 × (B, L, A·d)
    NDArray key = split(both.get(0));
    NDArray value = split(both.get(1));
    NDArray added = bias.map(b -> Scopes.handle(b, scope)).orElse(null);
    if (nullKeyValue != null) {
      NDArray nulls =
          Scopes.handle(parameters.getValue(nullKeyValue, x.getDevice(), training), scope)
              .reshape(1, config.heads(), config.nullKeys(), 2, config.headSize())
              .repeat(0, x.getShape().get(0)); // (B, A, n, 2, d)
      key = NDArrays.concat(new NDList(nulls.get(":, :, :, 0"), key), 2);
      value = NDArrays.concat(new NDList(nulls.get(":, :, :, 1"), value), 2);
      added = added == null ? null : withZerosBefore(added);
    }
    NDArray qScale = parameters.getValue(queryScale, x.getDevice(), training);
    NDArray kScale = parameters.getValue(keyScale, x.getDevice(), training);
    NDArray out =
        Attention.scaled(
            query.mul(qScale),
            key.normalize(2, 3).mul(kScale),
            value,
            Optional.ofNullable(added),
            config.attentionScale()); // (B, A, L, d)
    Shape s = x.getShape();
    NDArray joined = out.transpose(0, 2, 1, 3).reshape(s.get(0), s.get(1), -1); // (B, L, A·d)
    return Steps.run(toOut, parameters, joined, training);
  }

  private NDArray withZerosBefore(NDArray given) {
    NDArray bias = Casts.toFloat32(given); // DJL knows no bfloat16, which autocast makes of it
    Shape s = bias.getShape();
    NDArray zeros =
        bias.getManager()
            .zeros(new Shape(1, s.get(1), s.get(2), config.nullKeys()), bias.getDataType());
    return NDArrays.concat(new NDList(zeros, bias), 3); // (1, A, L, n + L)
  }

  private NDArray unit(NDArray x) {
    return split(x).normalize(2, 3);
  }

  /** {@code (B, L, A·d)} to {@code (B, A, L, d)}. */
  private NDArray split(NDArray x) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), config.heads(), config.headSize()).transpose(0, 2, 1, 3);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return attend(parameters, inputs.singletonOrThrow(), Optional.empty(), training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    norm.initialize(manager, dataType, tokens);
    toQuery.initialize(manager, dataType, tokens);
    toKeyValue.initialize(manager, dataType, tokens);
    toOut.initialize(manager, dataType, new Shape(1, 1, (long) config.heads() * config.headSize()));
  }
}

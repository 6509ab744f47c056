package io.t3d.core.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.internal.Shapes;
import io.t3d.core.torch.internal.FusedAdamW;
import io.t3d.core.torch.internal.NoGrad;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * Adam with decoupled weight decay, as {@code torch.optim.AdamW}.
 *
 * <pre>{@code
 * m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
 * w ← w (1 - lr λ) - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 * }</pre>
 *
 * <p>Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", Algorithm 2. Norms,
 * biases, the logit scale, gates, prototypes and position tables do not decay: all parameters of at
 * most one axis, and those whose name says so ({@link #decays}).
 *
 * <p>As in PyTorch, a parameter that the loss did not reach stays as it is. (Without the bridge its
 * gradient is zero instead, so that it still decays.)
 */
public final class AdamW implements AutoCloseable {
  private static final Pattern EXEMPT =
      Pattern.compile(
          "(^|[._])(bias|logit_?scale|gate\\w*|prototypes?|pos\\w*|cls_?token|register_?tokens)([._]|$)");

  /**
   * What stays the same over a run.
   *
   * @param beta1 decay of the mean of gradients
   * @param beta2 decay of the mean of their squares
   * @param epsilon added to the root
   * @param weightDecay λ, times the learning rate
   */
  public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {}

  private final NDManager manager;
  private final Map<String, Parameter> trained = new TreeMap<>();
  private final Map<String, Group> groups = new TreeMap<>();
  private final Map<String, NDArray> mean = new TreeMap<>();
  private final Map<String, NDArray> square = new TreeMap<>();
  private final double weightDecay;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final boolean fused;
  private int updates;

  /**
   * Makes the state, two arrays per trained parameter.
   *
   * @param owner the state's memory belongs to a child of it
   * @param parameters dotted name → parameter, as of {@code StateDict}; running statistics and
   *     frozen parameters are left out
   * @param settings betas, epsilon and weight decay; {@code TrainingConfig.optimizer()} has them
   */
  public AdamW(NDManager owner, Map<String, Parameter> parameters, Settings settings) {
    this(owner, parameters, settings, name -> 1);
  }

  /**
   * The same where some parameters learn more slowly.
   *
   * @param rate dotted name → factor of the learning rate, and so of the decay; e.g. {@link
   *     LayerDecay}
   */
  public AdamW(
      NDManager owner,
      Map<String, Parameter> parameters,
      Settings settings,
      ToDoubleFunction<String> rate) {
    this(owner, parameters, settings, rate, FusedAdamW.available());
  }

  /** The same with a choice of the path: libtorch's kernel, or plain DJL. */
  AdamW(
      NDManager owner,
      Map<String, Parameter> parameters,
      Settings settings,
      ToDoubleFunction<String> rate,
      boolean fused) {
    this.fused = fused;
    this.manager = owner.newSubManager();
    this.weightDecay = settings.weightDecay();
    this.beta1 = settings.beta1();
    this.beta2 = settings.beta2();
    this.epsilon = settings.epsilon();
    parameters.forEach(
        (name, parameter) -> {
          if (parameter.requiresGradient() && parameter.getArray().hasGradient()) {
            trained.put(name, parameter);
            boolean decaying = decays(name, parameter.getArray().getShape().dimension());
            groups.put(name, new Group(rate.applyAsDouble(name), decaying));
            mean.put(name, zerosLike(parameter.getArray()));
            square.put(name, zerosLike(parameter.getArray()));
          }
        });
    if (trained.isEmpty()) {
      throw new IllegalArgumentException(
          "None of the "
              + parameters.size()
              + " parameters wants a gradient; the model is frozen or not initialised");
    }
    Gradients.free(trained); // DJL starts with zeros, which a step would take for a gradient
  }

  private NDArray zerosLike(NDArray array) {
    return manager.zeros(array.getShape(), array.getDataType());
  }

  /**
   * Whether weight decay acts on a parameter.
   *
   * @param name dotted name
   * @param axes axes of its array
   */
  public static boolean decays(String name, int axes) {
    return axes > 1 && !EXEMPT.matcher(name.toLowerCase(Locale.ROOT)).find();
  }

  /** The parameters that it changes, by dotted name, sorted. */
  public Map<String, Parameter> trained() {
    return Collections.unmodifiableMap(trained);
  }

  /** Updates done so far, which the bias correction counts. */
  public int updates() {
    return updates;
  }

  /**
   * Collects the gradients, clips them, moves every parameter, unless a gradient is not finite, and
   * frees the gradients: all that a loop of one's own does after the backward pass.
   *
   * @param scope owns the gradients
   * @param learningRate of this step
   * @param clipNorm see {@code TrainingConfig.clipNorm}
   * @return the gradients' norm before clipping; when it is not finite, nothing has changed
   */
  public double clippedStep(NDManager scope, double learningRate, double clipNorm) {
    Guarded step = guardedStep(scope, learningRate, clipNorm, Optional.empty());
    double norm = step.norm().toFloatArray()[0];
    settle(Double.isFinite(norm));
    return norm;
  }

  /**
   * What a step found, on the device.
   *
   * @param norm {@code (1)}: the gradients' before clipping
   * @param leftOut {@code (1)}: 1 when it, or the loss, was not finite and nothing has changed
   */
  public record Guarded(NDArray norm, NDArray leftOut) {}

  /**
   * Expert: {@link #clippedStep} without waiting for the device. Read {@link Guarded#leftOut}, with
   * whatever else the step has to tell, and call {@link #settle}.
   *
   * @param scope owns the gradients and the result
   * @param learningRate of this step
   * @param clipNorm see {@code TrainingConfig.clipNorm}
   * @param loss {@code (1)}, float32; where it is not finite, nothing changes either
   */
  public Guarded guardedStep(
      NDManager scope, double learningRate, double clipNorm, Optional<NDArray> loss) {
    try (NoGrad constant = new NoGrad()) {
      Gradients gradients = Gradients.collect(scope, trained);
      NDArray norm = gradients.globalNorm(scope);
      if (!fused) {
        return plain(scope, learningRate, clipNorm, loss, gradients, norm);
      }
      FusedAdamW.Guard guard = FusedAdamW.Guard.of(norm, loss, clipNorm);
      fused(scope, learningRate, gradients, Optional.of(guard));
      return new Guarded(norm, guard.leaveOut());
    } finally {
      Gradients.free(trained); // the next backward pass would add to them
    }
  }

  /**
   * Counts the update of a {@link #guardedStep}.
   *
   * @param done whether it was not left out
   */
  public void settle(boolean done) {
    if (done) {
      updates++;
    }
  }

  /**
   * Moves every parameter by its gradient. Call it outside a gradient collector.
   *
   * @param learningRate of this step
   * @param gradients dotted name → gradient, of {@link Gradients}
   */
  public void step(double learningRate, Gradients gradients) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = manager.newSubManager()) {
      if (fused) {
        fused(scope, learningRate, gradients, Optional.empty());
      } else {
        plain(learningRate, gradients);
      }
      updates++;
    }
  }

  /**
   * Parameters that one call of the kernel can share.
   *
   * @param rate factor of the learning rate
   * @param decays whether weight decay acts on them
   */
  private record Group(double rate, boolean decays) {}

  private void fused(
      NDManager scope, double learningRate, Gradients gradients, Optional<FusedAdamW.Guard> guard) {
    Map<Group, List<FusedAdamW.Slot>> slots = new LinkedHashMap<>();
    trained.forEach(
        (name, parameter) ->
            gradients
                .of(name)
                .ifPresent(
                    gradient ->
                        slots
                            .computeIfAbsent(groups.get(name), g -> new ArrayList<>())
                            .add(
                                new FusedAdamW.Slot(
                                    parameter.getArray(),
                                    gradient,
                                    mean.get(name),
                                    square.get(name)))));
    NDArray update = FusedAdamW.update(scope, updates + 1);
    slots.forEach(
        (group, members) ->
            FusedAdamW.step(
                members,
                new FusedAdamW.Settings(
                    learningRate * group.rate(),
                    beta1,
                    beta2,
                    epsilon,
                    group.decays() ? weightDecay : 0),
                update,
                guard));
  }

  /** The same in plain DJL, which waits for the device. */
  private Guarded plain(
      NDManager scope,
      double learningRate,
      double clipNorm,
      Optional<NDArray> loss,
      Gradients gradients,
      NDArray norm) {
    double value = norm.toFloatArray()[0];
    boolean finite =
        Double.isFinite(value) && loss.map(l -> Float.isFinite(l.toFloatArray()[0])).orElse(true);
    if (finite) {
      gradients.clip(value, clipNorm);
      plain(learningRate, gradients);
    }
    return new Guarded(norm, finite ? scope.zeros(new Shape(1)) : scope.ones(new Shape(1)));
  }

  private void plain(double learningRate, Gradients gradients) {
    trained
        .keySet()
        .forEach(name -> gradients.of(name).ifPresent(g -> plain(learningRate, g, name)));
  }

  /** One parameter. */
  private void plain(double baseRate, NDArray gradient, String name) {
    NDArray weight = trained.get(name).getArray();
    Group group = groups.get(name);
    double learningRate = baseRate * group.rate();
    int update = updates + 1;
    // What starts from m or v would live as long as they: it is attached to the scope.
    try (NDManager scope = gradient.getManager().newSubManager()) {
      gradient.attach(scope);
      NDArray m = mean.get(name).muli(beta1).addi(gradient.mul(1 - beta1));
      NDArray v = square.get(name).muli(beta2).addi(gradient.square().mul(1 - beta2));
      NDArray divisor = v.sqrt();
      divisor.attach(scope);
      divisor.divi(Math.sqrt(1 - Math.pow(beta2, update))).addi(epsilon);
      NDArray change = m.div(divisor);
      change.attach(scope);
      change.muli(learningRate / (1 - Math.pow(beta1, update)));
      if (group.decays()) {
        weight.muli(1 - learningRate * weightDecay);
      }
      weight.subi(change);
    }
  }

  /** The state under {@code mean.NAME} and {@code square.NAME}; the arrays are not copies. */
  public Map<String, NDArray> state() {
    Map<String, NDArray> out = new LinkedHashMap<>();
    mean.forEach((name, array) -> out.put("mean." + name, array));
    square.forEach((name, array) -> out.put("square." + name, array));
    return out;
  }

  /**
   * Restores what {@link #state()} and {@link #updates()} gave.
   *
   * @param state copied from
   * @param updatesDone updates behind that state
   * @throws IllegalArgumentException when names or shapes differ from this optimizer's
   */
  public void restore(Map<String, NDArray> state, int updatesDone) {
    Map<String, NDArray> own = state();
    if (!own.keySet().equals(state.keySet())) {
      Set<String> missing = new TreeSet<>(own.keySet());
      missing.removeAll(state.keySet());
      Set<String> unknown = new TreeSet<>(state.keySet());
      unknown.removeAll(own.keySet());
      throw new IllegalArgumentException(
          "The optimizer's state belongs to another model: missing "
              + missing
              + ", unknown "
              + unknown);
    }
    own.forEach(
        (name, array) ->
            Shapes.check(
                "optimizer state " + name,
                state.get(name),
                "?, ".repeat(array.getShape().dimension()),
                "it belongs to another model",
                array.getShape().getShape()));
    own.forEach((name, array) -> state.get(name).copyTo(array));
    updates = updatesDone;
  }

  @Override
  public void close() {
    manager.close();
  }
}

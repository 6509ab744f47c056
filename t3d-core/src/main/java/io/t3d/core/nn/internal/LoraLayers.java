package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.StateDict;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The linear layers of encoders that have low-rank pairs (see {@link LoraConfig}), and the encoders
 * that are frozen, which have none to learn.
 */
public final class LoraLayers {
  private static final int LISTED = 6; // names that a message shows

  private final Map<String, LoraLinear> layers = new TreeMap<>();
  private final List<Parameter> atRest = new ArrayList<>(); // for the pairs' time
  private final Set<String> frozen = new TreeSet<>(); // names of encoders

  /**
   * Gives layers their pairs and freezes all else of the encoders that they are in. A layer that
   * has a pair keeps it; layers of frozen encoders get none.
   *
   * @param encoders name, e.g. {@code vision} → initialised encoder
   * @param seed of the pairs' start, which a layer's name and this decide
   * @throws T3dException when a pattern fits no linear layer, all that fit are in frozen encoders,
   *     or one has a pair of other settings; nothing has changed then
   */
  public void add(Map<String, ? extends Block> encoders, LoraConfig config, long seed) {
    Map<String, LoraLinear> all = linearLayers(encoders);
    Map<String, LoraLinear> chosen = new TreeMap<>();
    for (String pattern : config.layers()) {
      Pattern names = pattern(pattern);
      Set<String> fitting =
          all.keySet().stream()
              .filter(name -> names.matcher(name).matches())
              .collect(Collectors.toCollection(LinkedHashSet::new));
      if (fitting.isEmpty()) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "lora.layers: '"
                + pattern
                + "' names no linear layer; there are "
                + (all.isEmpty() ? "none" : shown(all.keySet())));
      }
      fitting.forEach(name -> chosen.put(name, all.get(name)));
    }
    chosen.keySet().removeIf(name -> frozen.stream().anyMatch(e -> name.startsWith(e + ".")));
    if (chosen.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "lora.layers names layers of frozen encoders alone, "
              + frozen
              + ", which learn no pairs; take them out of training.frozen, or name layers of"
              + " another encoder");
    }
    chosen.forEach((name, layer) -> layer.requireSettings(name, config));
    encoders.forEach(
        (name, encoder) -> {
          if (chosen.keySet().stream().anyMatch(layer -> layer.startsWith(name + "."))) {
            atRest.addAll(freeze(encoder, false));
          }
        });
    chosen.forEach(
        (name, layer) -> {
          if (!layer.adapted()) {
            SplittableRandom random = new SplittableRandom(seed * 31 + name.hashCode());
            layer.adapt(config.rank(), config.alpha() / config.rank(), config.dropout(), random);
          }
          layers.put(name, layer);
        });
  }

  private static Map<String, LoraLinear> linearLayers(Map<String, ? extends Block> encoders) {
    Map<String, LoraLinear> all = new LinkedHashMap<>();
    encoders.forEach(
        (prefix, encoder) ->
            StateDict.blocks(encoder)
                .forEach(
                    (name, block) -> {
                      if (block instanceof LoraLinear linear) {
                        all.put(prefix + "." + name, linear);
                      }
                    }));
    return all;
  }

  private static Pattern pattern(String glob) {
    return Pattern.compile(
        Pattern.compile("\\*")
            .splitAsStream(glob + "\0")
            .map(part -> Pattern.quote(part.replace("\0", "")))
            .collect(Collectors.joining(".*")));
  }

  private static String shown(Set<String> names) {
    String some = names.stream().limit(LISTED).collect(Collectors.joining(", "));
    return names.size() > LISTED ? some + ", … " + (names.size() - LISTED) + " more" : some;
  }

  /** Freezes an encoder for good, with the pairs that it has. */
  public void freeze(String name, Block encoder) {
    freeze(encoder, true);
    atRest.removeAll(List.copyOf(StateDict.of(encoder).values()));
    frozen.add(name);
  }

  /** Whether an encoder was frozen for good. */
  public boolean isFrozen(String name) {
    return frozen.contains(name);
  }

  /**
   * Freezes what a block would learn.
   *
   * @return what was not frozen before
   */
  private static List<Parameter> freeze(Block block, boolean pairsToo) {
    List<Parameter> out = new ArrayList<>();
    StateDict.of(block)
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient() && (pairsToo || !isPair(name))) {
                GradientSlot.free(parameter.getArray());
                parameter.freeze(true);
                out.add(parameter);
              }
            });
    return out;
  }

  private static boolean isPair(String name) {
    return name.endsWith(LoraLinear.A) || name.endsWith(LoraLinear.B);
  }

  /** Names of the layers, sorted. */
  public Set<String> names() {
    return layers.keySet();
  }

  /**
   * Refuses what would leave the pairs out.
   *
   * @param what reads the weights alone, for the error
   */
  public void requireNone(String what) {
    if (!layers.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          what
              + " holds weights alone, but "
              + layers.size()
              + " linear layers of the model have low-rank pairs beside theirs; call mergeLora()"
              + " first");
    }
  }

  /**
   * Adds all pairs to the weights, which learn again unless their encoder is frozen, and forgets
   * them.
   */
  public void merge() {
    try (NoGrad constant = new NoGrad()) {
      layers.values().forEach(LoraLinear::merge);
    }
    layers.clear();
    atRest.forEach(parameter -> parameter.freeze(false));
    atRest.clear();
  }

  /**
   * Named weights with every pair added to its weight.
   *
   * @param tensors name → array; those without pairs are the same arrays
   * @param source the file, for an error
   * @throws IOException when a part of a pair is missing or does not fit
   */
  public static Map<String, NDArray> merged(Map<String, NDArray> tensors, String source)
      throws IOException {
    if (tensors.keySet().stream().noneMatch(LoraLayers::isPair)) {
      return tensors;
    }
    Map<String, NDArray> out = new LinkedHashMap<>(tensors);
    for (String name : tensors.keySet()) {
      if (name.endsWith(LoraLinear.A)) {
        String layer = name.substring(0, name.length() - LoraLinear.A.length());
        NDArray a = out.remove(layer + LoraLinear.A);
        NDArray b = out.remove(layer + LoraLinear.B);
        NDArray scale = out.remove(layer + LoraLinear.SCALE);
        NDArray weight = out.get(layer + "weight");
        if (b == null || scale == null || weight == null || !fits(weight, b, a)) {
          throw new IOException(
              source
                  + ": the low-rank pair of "
                  + layer
                  + "weight is not whole or does not fit it");
        }
        out.put(layer + "weight", sum(weight, b, a, scale));
      }
    }
    return out;
  }

  private static boolean fits(NDArray weight, NDArray b, NDArray a) {
    return weight.getShape().get(0) == b.getShape().get(0)
        && weight.getShape().get(1) == a.getShape().get(1)
        && b.getShape().get(1) == a.getShape().get(0);
  }

  private static NDArray sum(NDArray weight, NDArray b, NDArray a, NDArray scale) {
    try (NDManager scope = weight.getManager().newSubManager()) {
      NDArray product = Scopes.handle(b, scope).matMul(a);
      return weight.add(Scalars.multiply(product, scale.toFloatArray()[0]));
    }
  }
}

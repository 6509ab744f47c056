package io.t3d.core.nn;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The parameters of a block under PyTorch's dotted names, e.g. {@code layer1.0.conv1.weight}.
 *
 * <p>DJL puts a running number before each child's name and joins with underscores, which hides
 * where a name ends. This walk takes the number off and joins with dots. Where siblings would then
 * have one name, as two {@code Conv3d} in a {@code SequentialBlock}, they keep their numbers.
 */
public final class StateDict {
  private static final Map<String, String> TORCH_NAMES =
      Map.of(
          "gamma", "weight",
          "beta", "bias",
          "runningMean", "running_mean",
          "runningVar", "running_var",
          "embedding", "weight");

  private StateDict() {}

  /**
   * Lists all parameters, buffers (running statistics) among them.
   *
   * @param block any block
   * @return dotted name → parameter, in the order of the tree
   */
  public static Map<String, Parameter> of(Block block) {
    Map<String, Parameter> out = new LinkedHashMap<>();
    walk("", block, out);
    return out;
  }

  /**
   * Lists all blocks below a block.
   *
   * @param block any block
   * @return dotted name → block, in the order of the tree
   */
  public static Map<String, Block> blocks(Block block) {
    Map<String, Block> out = new LinkedHashMap<>();
    walkBlocks("", block, out);
    return out;
  }

  private static void walkBlocks(String prefix, Block block, Map<String, Block> out) {
    namedChildren(block)
        .forEach(
            (name, child) -> {
              out.put(prefix + name, child);
              walkBlocks(prefix + name + ".", child, out);
            });
  }

  private static void walk(String prefix, Block block, Map<String, Parameter> out) {
    for (Pair<String, Parameter> p : block.getDirectParameters()) {
      String name = TORCH_NAMES.getOrDefault(p.getKey(), p.getKey());
      if (out.put(prefix + name, p.getValue()) != null) {
        throw new IllegalStateException("Two parameters are named " + prefix + name);
      }
    }
    Map<String, Block> children = namedChildren(block);
    children.forEach((name, child) -> walk(prefix + name + ".", child, out));
  }

  /** Without the running number, unless siblings would then have one name. */
  private static Map<String, Block> namedChildren(Block block) {
    Map<String, Block> byName = new LinkedHashMap<>();
    Map<String, Block> byKey = new LinkedHashMap<>();
    int number = 1;
    for (Pair<String, Block> child : block.getChildren()) {
      String running = String.format("%02d", number++);
      String key = child.getKey();
      byName.put(key.startsWith(running) ? key.substring(running.length()) : key, child.getValue());
      byKey.put(key, child.getValue());
    }
    return byName.size() == byKey.size() ? byName : byKey;
  }
}

package io.t3d.core.nn.vision;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A golden file of {@code src/test/python/vision_goldens.py}: weights and what PyTorch made of
 * them.
 */
public record VisionGolden(JsonNode root) {
  public static VisionGolden load(String name) {
    try (InputStream in =
        VisionGolden.class.getResourceAsStream("/golden/vision/" + name + ".json")) {
      return new VisionGolden(new ObjectMapper().readTree(in));
    } catch (IOException e) {
      throw new IllegalStateException("No golden file " + name, e);
    }
  }

  /** The input, by the script's formula. */
  public static NDArray wave(NDManager manager, Shape shape) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (Math.sin(0.37 * i) + Math.cos(0.011 * i));
    }
    return manager.create(values, shape);
  }

  public Shape inputShape() {
    return new Shape(longs(root.get("inputShape")));
  }

  public NDArray array(NDManager manager, String key) {
    return parse(manager, root.get(key));
  }

  public Map<String, NDArray> arrays(NDManager manager, String key) {
    Map<String, NDArray> out = new LinkedHashMap<>();
    root.get(key).properties().forEach(e -> out.put(e.getKey(), parse(manager, e.getValue())));
    return out;
  }

  public List<String> stateNames() {
    List<String> names = new ArrayList<>();
    root.get("state").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Copies the weights into an initialized encoder, shapes checked. */
  public void loadInto(VisionEncoder encoder, NDManager manager) {
    Map<String, Parameter> parameters = StateDict.of(encoder);
    arrays(manager, "state")
        .forEach(
            (name, value) -> {
              NDArray array = parameters.get(name).getArray();
              assertThat(array.getShape()).as(name).isEqualTo(value.getShape());
              value.copyTo(array);
            });
  }

  /** Compares with a tolerance relative to the largest expected value. */
  public static void assertClose(String what, NDArray actual, NDArray expected, double tolerance) {
    assertThat(actual.getShape()).as(what).isEqualTo(expected.getShape());
    double scale = expected.abs().max().getFloat();
    assertThat((double) actual.sub(expected).abs().max().getFloat())
        .as("largest difference of " + what)
        .isLessThanOrEqualTo(tolerance * scale);
  }

  private static NDArray parse(NDManager manager, JsonNode node) {
    JsonNode values = node.get("values");
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values.get(i).asDouble();
    }
    return manager.create(floats, new Shape(longs(node.get("shape"))));
  }

  private static long[] longs(JsonNode list) {
    long[] out = new long[list.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = list.get(i).asLong();
    }
    return out;
  }
}

package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Reads golden/losses, which src/test/python/make_goldens.py writes. */
public final class Golden {
  private Golden() {}

  public static JsonNode read(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/losses/" + name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static NDArray array(NDManager manager, JsonNode node) {
    return manager.create(floats(node.get("data")), shape(node.get("shape")));
  }

  static NDArray leaf(NDManager manager, JsonNode node) {
    NDArray array = array(manager, node);
    array.setRequiresGradient(true);
    return array;
  }

  static double[] doubles(JsonNode values) {
    double[] out = new double[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.get(i).asDouble();
    }
    return out;
  }

  public static void assertClose(NDArray actual, JsonNode expected, double tolerance, String what) {
    assertThat(actual.getShape()).as(what).isEqualTo(shape(expected.get("shape")));
    float[] values = actual.toFloatArray();
    double[] wanted = doubles(expected.get("data"));
    for (int i = 0; i < wanted.length; i++) {
      assertThat((double) values[i])
          .as("%s at %d", what, i)
          .isCloseTo(wanted[i], within(tolerance * Math.max(1, Math.abs(wanted[i]))));
    }
  }

  private static Shape shape(JsonNode sizes) {
    long[] shape = new long[sizes.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = sizes.get(i).asLong();
    }
    return new Shape(shape);
  }

  private static float[] floats(JsonNode values) {
    float[] out = new float[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) values.get(i).asDouble();
    }
    return out;
  }
}

package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import io.t3d.core.T3dException;
import io.t3d.core.internal.weights.RotaryRows;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From the names of our vision transformers to those of timm and DINOv2, with rotary positions.
 *
 * @param rows how the file orders the channels that are turned
 * @param width channels of a head
 */
record VitNames(RotaryRows rows, int width) {
  private static final double PERIOD_TOLERANCE = 1e-2; // files may be bfloat16

  private static final Pattern QKV = Pattern.compile("(.*\\.attn\\.)qkv\\.(weight|bias)");

  /**
   * The array of one of our transformer's parameters.
   *
   * @param own e.g. {@code blocks.0.attn.qkv.weight}
   * @param prefix before the file's names
   */
  NDArray find(String own, String prefix, PublishedTensors file) {
    Matcher qkv = QKV.matcher(own);
    if (!qkv.matches()) {
      return file.take(prefix + published(own));
    }
    String stem = prefix + qkv.group(1);
    String kind = qkv.group(2);
    if (file.has(stem + "q." + kind)) {
      NDArray query = file.take(stem + "q." + kind);
      NDArray keyValue = file.take(stem + "kv." + kind);
      long c = query.getShape().get(0);
      return keyValue.getShape().get(0) != 2 * c
          ? keyValue // of another shape, which the caller reports
          : NDArrays.concat(
              new NDList(
                  rows.ordered(query, width),
                  rows.ordered(keyValue.get(":" + c), width),
                  keyValue.get(c + ":")),
              0);
    }
    NDArray stacked = file.take(stem + "qkv." + kind);
    long c = stacked.getShape().get(0) / 3;
    return stacked.getShape().get(0) == 0 || stacked.getShape().get(0) % 3 != 0
        ? stacked
        : NDArrays.concat(
            new NDList(
                rows.ordered(stacked.get(":" + c), width),
                rows.ordered(stacked.get(c + ":" + 2 * c), width),
                stacked.get(2 * c + ":")),
            0);
  }

  /** The file's name for one of our transformer's parameters, behind its prefix. */
  static String published(String own) {
    return own.replace("patch_embedding.patch_embeddings.", "patch_embed.proj.")
        .replace(".attn.out_proj.", ".attn.proj.")
        .replace(".mlp.linear1.", ".mlp.fc1.")
        .replace(".mlp.linear2.", ".mlp.fc2.")
        .replaceFirst("\\.ls([12])\\.weight$", ".ls$1.gamma");
  }

  /**
   * The number of heads.
   *
   * @param channels of a token, read from a tensor of that name
   * @param width of a head, told by the rotary periods of that name
   * @throws T3dException when heads of the width do not divide the channels
   */
  static int heads(
      PublishedTensors file, int channels, String channelsOf, int width, String periods) {
    if (channels % width != 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file.source()
              + ": "
              + periods
              + " makes heads of "
              + width
              + " channels, which do not divide the "
              + channels
              + " of "
              + channelsOf);
    }
    return channels / width;
  }

  /** The number that makes a file's periods, {@code base^(j/F)}; a default where F is 1. */
  static double base(NDArray periods, double otherwise) {
    float[] values = periods.toFloatArray();
    int f = values.length;
    if (f < 2) {
      return otherwise;
    }
    double base = Math.pow(values[f - 1], (double) f / (f - 1));
    double whole = Math.rint(base);
    return Math.abs(base - whole) < 1e-3 * whole ? whole : base;
  }

  /**
   * Checks all of a file's periods, of which {@link #base} reads the last alone.
   *
   * @param periods F of them
   * @throws T3dException when they are not {@code base^(j/F)}: such angles are others
   */
  static void requirePeriods(PublishedTensors file, String name, NDArray periods, double base) {
    float[] values = periods.toFloatArray();
    for (int j = 0; j < values.length; j++) {
      double wanted = Math.pow(base, (double) j / values.length);
      if (!(Math.abs(values[j] - wanted) <= PERIOD_TOLERANCE * wanted)) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            file.source()
                + ": "
                + name
                + " must be the powers of one base, got "
                + values[j]
                + " for "
                + (float) wanted
                + " at "
                + j
                + "; rotary positions of another form are not supported");
      }
    }
  }
}

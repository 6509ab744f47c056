package io.t3d.core.torch.distributed;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Texts as arrays of bytes: first their lengths travel, then the bytes, filled up to the longest.
 */
final class Texts {
  private Texts() {}

  static List<String> allGather(GlooGroup group, String text) {
    byte[] own = text.getBytes(StandardCharsets.UTF_8);
    long[] lengths = new long[group.size()];
    try (Tensor length = zeros(ScalarType.Long, 1);
        Tensor all = zeros(ScalarType.Long, group.size())) {
      new LongPointer(length.data_ptr()).put(own.length);
      group.gather(length, all);
      new LongPointer(all.data_ptr()).get(lengths);
    }
    int longest = (int) Arrays.stream(lengths).max().orElseThrow();
    byte[] bytes = new byte[group.size() * longest]; // (R, longest)
    if (longest > 0) {
      try (Tensor filled = zeros(ScalarType.Byte, longest);
          Tensor all = zeros(ScalarType.Byte, bytes.length)) {
        new BytePointer(filled.data_ptr()).put(own);
        group.gather(filled, all);
        new BytePointer(all.data_ptr()).get(bytes);
      }
    }
    List<String> texts = new ArrayList<>();
    for (int r = 0; r < lengths.length; r++) {
      texts.add(new String(bytes, r * longest, (int) lengths[r], StandardCharsets.UTF_8));
    }
    return texts;
  }

  private static Tensor zeros(ScalarType type, long size) {
    try (ScalarTypeOptional wanted = new ScalarTypeOptional(type);
        TensorOptions options = new TensorOptions().dtype(wanted)) {
      return torch.zeros(new long[] {size}, options);
    }
  }
}

package io.t3d.pipeline.internal;

import com.google.common.hash.Hashing;
import com.google.common.hash.HashingInputStream;
import com.google.common.io.ByteStreams;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Names a model by its weights, in results that outlive their folder. */
public final class WeightsHash {
  private static final int DIGITS = 16;

  private WeightsHash() {}

  /**
   * The first digits of the SHA-256 of a model's weights.
   *
   * @param folder a run, or a folder with {@code model.safetensors} or {@code
   *     segmenter.safetensors}
   */
  public static String of(Path folder) throws IOException {
    for (String inner : List.of("checkpoint", "segmenter")) {
      if (Files.isDirectory(folder.resolve(inner))) {
        return of(folder.resolve(inner));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      Path weights =
          files
              .filter(f -> f.getFileName().toString().matches("(model|segmenter)\\.safetensors"))
              .sorted()
              .findFirst()
              .orElseThrow(() -> new IOException("No weights (.safetensors) in " + folder));
      try (InputStream in = Files.newInputStream(weights);
          HashingInputStream hashing = new HashingInputStream(Hashing.sha256(), in)) {
        ByteStreams.exhaust(hashing);
        return hashing.hash().toString().substring(0, DIGITS);
      }
    }
  }
}

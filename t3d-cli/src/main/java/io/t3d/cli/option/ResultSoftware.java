package io.t3d.cli.option;

import com.google.common.hash.Hashing;
import com.google.common.hash.HashingInputStream;
import com.google.common.io.ByteStreams;
import io.t3d.data.dicom.DicomSoftware;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** What DICOM results name as their maker: this version, and the model by a hash of its weights. */
public final class ResultSoftware {
  private static final int DIGITS = 16;

  private ResultSoftware() {}

  /**
   * The maker of a result.
   *
   * @param folder of the model: a run, or a folder with {@code .safetensors}
   */
  public static DicomSoftware of(String name, Path folder) throws IOException {
    return new DicomSoftware(name, version(), "weights " + hash(folder));
  }

  private static String hash(Path folder) throws IOException {
    for (String inner : List.of("checkpoint", "segmenter")) {
      if (Files.isDirectory(folder.resolve(inner))) {
        return hash(folder.resolve(inner));
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

  private static String version() throws IOException {
    Properties build = new Properties();
    try (InputStream in =
        ResultSoftware.class.getResourceAsStream("/io/t3d/cli/version.properties")) {
      build.load(in);
    }
    String version = build.getProperty("version");
    return version.startsWith("$") ? "development" : version;
  }
}

package io.t3d.cli.option;

import io.t3d.data.dicom.DicomSoftware;
import io.t3d.pipeline.internal.WeightsHash;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Properties;

/** What DICOM results name as their maker: this version, and the model by a hash of its weights. */
public final class ResultSoftware {
  private ResultSoftware() {}

  /**
   * The maker of a result.
   *
   * @param folder of the model: a run, or a folder with {@code .safetensors}
   */
  public static DicomSoftware of(String name, Path folder) throws IOException {
    return new DicomSoftware(name, version(), "weights " + WeightsHash.of(folder));
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

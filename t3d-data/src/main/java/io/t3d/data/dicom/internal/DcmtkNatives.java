package io.t3d.data.dicom.internal;

import io.t3d.core.T3dException;
import io.t3d.core.internal.JavaCpp;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/**
 * Where the worker's executable lies: in the build's folder of classes, or unpacked from its jar.
 */
final class DcmtkNatives {
  private static final String WORKER = "io/t3d/data/dicom/internal/linux-x86_64/t3d-dcmtk-worker";

  private DcmtkNatives() {}

  /**
   * The executable.
   *
   * @throws T3dException when it is not on the class path
   */
  static Path worker() throws IOException {
    return worker(DcmtkNatives.class.getClassLoader().getResource(WORKER));
  }

  /** The executable that lies at a place; null when there is none. */
  static Path worker(@Nullable URL place) throws IOException {
    if (place == null) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "What writes DICOM is not on the class path: add io.t3d:t3d-data with classifier"
              + " linux-x86_64, or in a source build apt-get install libdcmtk-dev g++ make and build"
              + " again (docs/pacs.md)");
    }
    if (place.getProtocol().equals("file")) {
      try {
        return Path.of(place.toURI());
      } catch (URISyntaxException e) {
        throw new IOException("Cannot find what writes DICOM at " + place, e);
      }
    }
    JavaCpp.prepare();
    File file = Loader.cacheResource(DcmtkNatives.class, "/" + WORKER);
    if (file == null) {
      throw new IOException("The jar of natives cannot be unpacked; download it again");
    }
    if (!file.canExecute() && !file.setExecutable(true)) {
      throw new IOException(
          file + " cannot be made executable; set -Dorg.bytedeco.javacpp.cachedir elsewhere");
    }
    return file.toPath();
  }
}

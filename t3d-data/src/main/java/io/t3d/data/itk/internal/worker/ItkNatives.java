package io.t3d.data.itk.internal.worker;

import io.t3d.core.internal.JavaCpp;
import io.t3d.data.io.spi.ItkMissingException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/** Where ITK's natives lie: in the build's folder of classes, or unpacked from their jar. */
public final class ItkNatives {
  private static final String FOLDER = "io/t3d/data/itk/preset/linux-x86_64/";
  private static final String LIST = "natives.txt";
  private static final String WORKER = "t3d-itk-worker";

  private ItkNatives() {}

  /** The worker's executable, with its libraries beside it. */
  static Path worker() throws IOException {
    return folder().resolve(WORKER);
  }

  /** The folder of all natives, unpacked at the first call. */
  public static Path folder() throws IOException {
    return Unpacked.folder();
  }

  private static final class Unpacked {
    private static @Nullable Path folder;

    private static synchronized Path folder() throws IOException {
      if (folder == null) {
        // By the class loader: on the module path the natives' jar is a module of its own.
        folder = unpack(ItkNatives.class.getClassLoader().getResource(FOLDER + LIST));
      }
      return folder;
    }
  }

  /**
   * Unpacks what a list names.
   *
   * @param list null when there is none
   */
  public static Path unpack(@Nullable URL list) throws IOException {
    if (list == null) {
      throw new ItkMissingException();
    }
    JavaCpp.prepare();
    if (list.getProtocol().equals("file")) {
      try {
        return Path.of(list.toURI()).getParent();
      } catch (URISyntaxException e) {
        throw new IOException("Cannot find ITK's natives at " + list, e);
      }
    }
    Path folder = null;
    for (String name : names(list)) {
      java.io.File file = Loader.cacheResource(ItkNatives.class, "/" + FOLDER + name);
      if (file == null) {
        throw new IOException("The jar of ITK's natives lacks " + name + "; download it again");
      }
      folder = file.toPath().getParent();
      if (name.equals(WORKER) && !file.canExecute() && !file.setExecutable(true)) {
        throw new IOException(
            file + " cannot be made executable; set -Dorg.bytedeco.javacpp.cachedir elsewhere");
      }
    }
    return folder;
  }

  private static List<String> names(URL list) throws IOException {
    try (InputStream in = list.openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }
}

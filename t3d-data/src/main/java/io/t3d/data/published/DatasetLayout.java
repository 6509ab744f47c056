package io.t3d.data.published;

import java.io.IOException;
import java.nio.file.Path;

/** Knows where a published data set keeps its volumes, reports, labels and splits. */
public interface DatasetLayout {
  /** The name in the manifest's column {@code source}, e.g. {@code ct-rate}. */
  String name();

  /**
   * Lists the studies below a folder. No voxels are read. What is wrong with the tables is
   * collected in the result, all of it, rather than thrown.
   *
   * @param root the folder that the data set was downloaded to
   * @throws IOException when a file or folder cannot be read at all
   */
  Reading read(Path root) throws IOException;
}

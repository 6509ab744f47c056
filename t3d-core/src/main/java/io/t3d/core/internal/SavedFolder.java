package io.t3d.core.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** A folder that holds a trained thing in files of fixed names. */
public final class SavedFolder {
  private SavedFolder() {}

  /**
   * Checks that all files are there, before one of them is read.
   *
   * @param what the thing, for the message, e.g. {@code a segmenter}
   * @param names two or more
   * @throws NoSuchFileException naming the first one that is missing and what belongs into the
   *     folder
   */
  public static void require(Path folder, String what, List<String> names) throws IOException {
    for (String name : names) {
      if (!Files.isRegularFile(folder.resolve(name))) {
        int last = names.size() - 1;
        String all = String.join(", ", names.subList(0, last)) + " and " + names.get(last);
        throw new NoSuchFileException(
            folder.resolve(name).toString(), null, what + " is a folder with " + all);
      }
    }
  }
}

package io.t3d.serve.internal.input;

import java.nio.file.Path;

/**
 * The volume that a request is about, whichever way it names it. Another way is another record
 * here.
 */
public sealed interface RequestVolume {
  /** Where it is on this machine: a file, or a folder of DICOM files. */
  Path path();

  /**
   * What the library says of it, in the words of the client: without folders of this machine.
   *
   * @param message of an error
   */
  String inWordsOfClient(String message);

  /**
   * What came with the request.
   *
   * @param path below the request's temporary folder
   * @param folder the temporary folder
   */
  record Uploaded(Path path, Path folder) implements RequestVolume {
    @Override
    public String inWordsOfClient(String message) {
      return without(folder, message);
    }
  }

  /**
   * A series that was fetched from the archive.
   *
   * @param path below the request's temporary folder
   * @param folder the temporary folder
   */
  record Fetched(Path path, Path folder) implements RequestVolume {
    @Override
    public String inWordsOfClient(String message) {
      return without(folder, message);
    }
  }

  /**
   * A file or folder below the folder that the service may read.
   *
   * @param path free of links
   * @param root free of links
   */
  record BelowRoot(Path path, Path root) implements RequestVolume {
    @Override
    public String inWordsOfClient(String message) {
      return without(root, message);
    }
  }

  private static String without(Path folder, String message) {
    return message.replace(folder + folder.getFileSystem().getSeparator(), "");
  }
}

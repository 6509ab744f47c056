package io.t3d.serve.internal.model;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.input.RequestFolder;
import io.t3d.serve.internal.input.RequestVolume;

/**
 * The volume of a request and the time it has.
 *
 * @param volume where it is
 * @param folder the request's temporary folder
 * @param owner keeps the folder for the request
 * @param deadline of the request
 */
public record VolumeInput(
    RequestVolume volume, RequestFolder folder, RequestFolder.User owner, Deadline deadline) {
  /**
   * Hands the folder over to who reads the volume last: it is deleted when that one is done, while
   * the model works, and no earlier, even where the request is given up.
   */
  public RequestFolder.User lastReader() {
    RequestFolder.User reader = folder.use();
    owner.close();
    return reader;
  }
}

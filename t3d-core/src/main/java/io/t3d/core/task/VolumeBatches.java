package io.t3d.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;

/** N volumes that are loaded and prepared on demand. */
public interface VolumeBatches {
  /** N. */
  int size();

  /** How many to ask for at most at a time, where volumes are large; any number unless it says. */
  default int atOnce() {
    return Integer.MAX_VALUE;
  }

  /**
   * Reads some volumes, prepared as the encoder wants them.
   *
   * @param owner owns the array; on the model's device
   * @param rows which ones, from 0
   * @return {@code (rows, 1, D, H, W)}, float32, all of one size
   * @throws IOException when a volume cannot be read
   */
  NDArray load(NDManager owner, int[] rows) throws IOException;
}

package io.t3d.core.train;

import java.util.Iterator;

/**
 * A repeatable source of training batches. The order and the views of an epoch depend on the seed,
 * the epoch and the batch number alone, so that a resumed run sees what an uninterrupted one would.
 */
public interface PairSource {
  /** Batches in one epoch, &gt; 0. */
  int batchesPerEpoch();

  /**
   * The batches of an epoch.
   *
   * @param epoch from 0
   * @param firstBatch where to start, from 0
   * @return an iterator that frees its threads and memory when closed
   */
  Batches epoch(int epoch, int firstBatch);

  /** The batches of one epoch; close it when done. */
  interface Batches extends Iterator<PairBatch>, AutoCloseable {
    @Override
    void close();
  }
}

package io.t3d.core.train;

import io.t3d.core.T3dException;
import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A repeatable source of training batches. The order and the views of an epoch depend on the seed,
 * the epoch and the batch number alone, so that a resumed run sees what an uninterrupted one would.
 */
public interface PairSource {
  /**
   * Pairs that are all in memory, each of a patient of its own.
   *
   * <pre>{@code
   * PairSource source = PairSource.of(views, reports, 8, 42);
   * }</pre>
   *
   * @param views per pair its views, as many of each kind for all pairs
   * @param reports the reports, in the order of the views
   * @param batchSize B
   * @param seed of the order
   */
  static PairSource of(List<List<View>> views, List<String> reports, int batchSize, long seed) {
    List<String> patients = IntStream.range(0, reports.size()).mapToObj(Integer::toString).toList();
    return of(new PairBatch(views, reports, patients), batchSize, seed);
  }

  /**
   * Pairs that are all in memory. Each epoch has its own order; pairs that do not fill a batch are
   * left out of it.
   *
   * @param all the pairs, at least one batch
   * @param batchSize B
   * @param seed of the order
   */
  static PairSource of(PairBatch all, int batchSize, long seed) {
    if (batchSize < 1 || batchSize > all.size()) {
      throw new IllegalArgumentException(
          "batchSize must be 1 to the number of pairs, " + all.size() + ", got " + batchSize);
    }
    int batches = all.size() / batchSize;
    return new PairSource() {
      @Override
      public int batchesPerEpoch() {
        return batches;
      }

      @Override
      public Batches epoch(int epoch, int firstBatch) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, all.size()).boxed().toList());
        SplittableRandom random = new SplittableRandom(TrainingStep.seed(seed, epoch, 0));
        for (int i = order.size() - 1; i > 0; i--) {
          Collections.swap(order, i, random.nextInt(i + 1)); // Fisher and Yates
        }
        Iterator<PairBatch> rest =
            IntStream.range(firstBatch, batches)
                .mapToObj(b -> all.rows(order.subList(b * batchSize, (b + 1) * batchSize)))
                .iterator();
        return new Batches() {
          @Override
          public boolean hasNext() {
            return rest.hasNext();
          }

          @Override
          public PairBatch next() {
            return rest.next();
          }

          @Override
          public void close() {}
        };
      }
    };
  }

  /** Batches in one epoch, &gt; 0. */
  int batchesPerEpoch();

  /**
   * A worker's part of each batch: of a batch of B pairs shared by R workers, worker r gets the
   * pairs {@code r·B/R} to {@code (r+1)·B/R}. The batches stay those of one worker, so that a run
   * can go on with another number of workers.
   *
   * <p>This one makes the whole batch and drops what is not the worker's; a source that can do
   * without the others' views should.
   *
   * @param rank of the worker, from 0
   * @param workers R; B must be a multiple of it
   * @throws T3dException when a batch cannot be shared so; it may come with the batch
   */
  default PairSource ofWorker(int rank, int workers) {
    PairSource all = this;
    return new PairSource() {
      @Override
      public int batchesPerEpoch() {
        return all.batchesPerEpoch();
      }

      @Override
      public Batches epoch(int epoch, int firstBatch) {
        Batches whole = all.epoch(epoch, firstBatch);
        return new Batches() {
          @Override
          public boolean hasNext() {
            return whole.hasNext();
          }

          @Override
          public PairBatch next() {
            PairBatch batch = whole.next();
            int each = pairsPerWorker(batch.size(), workers);
            return batch.rows(IntStream.range(rank * each, (rank + 1) * each).boxed().toList());
          }

          @Override
          public void close() {
            whole.close();
          }
        };
      }
    };
  }

  /**
   * Pairs of each worker in a batch.
   *
   * @throws T3dException when the batch is not a multiple of the workers
   */
  static int pairsPerWorker(int batchSize, int workers) {
    if (batchSize % workers != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "data.batchSize, the pairs of all workers together, must be a multiple of the "
              + workers
              + " workers, got "
              + batchSize
              + "; change one of them");
    }
    return batchSize / workers;
  }

  /**
   * The batches of an epoch.
   *
   * @param epoch from 0
   * @param firstBatch where to start, from 0
   * @return an iterator over the batches from firstBatch to {@link #batchesPerEpoch}, no fewer; it
   *     frees its threads and memory when closed
   */
  Batches epoch(int epoch, int firstBatch);

  /** The batches of one epoch; close it when done. */
  interface Batches extends Iterator<PairBatch>, AutoCloseable {
    @Override
    void close();
  }
}

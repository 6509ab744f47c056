package io.t3d.serve.internal.work;

import java.io.IOException;
import java.util.List;

/**
 * Work of one kind, which several requests can share.
 *
 * @param <I> what a request brings
 * @param <O> what it gets
 */
public interface Batch<I, O> {
  /** How many requests are worked on together, at most. */
  int most();

  /**
   * Works on some requests.
   *
   * @param inputs 1 to {@link #most}
   * @return one result per input, in order
   */
  List<O> run(List<I> inputs) throws IOException;
}

package io.t3d.pipeline;

import java.util.function.Supplier;

/** Measures how busy an encoder is from its first batch to its last. */
final class EncoderClock {
  private long begin;
  private long end;
  private long busy;
  private int volumes;

  /** Runs the encoder on a batch; its result must be on the host, so that the work is done. */
  <T> T encode(int batch, Supplier<T> encoder) {
    long start = System.nanoTime();
    begin = volumes == 0 ? start : begin;
    T result = encoder.get();
    end = System.nanoTime();
    busy += end - start;
    volumes += batch;
    return result;
  }

  Embedder.Throughput throughput() {
    double seconds = (end - begin) / 1e9;
    return new Embedder.Throughput(volumes, seconds, volumes / seconds, busy / 1e9 / seconds);
  }
}

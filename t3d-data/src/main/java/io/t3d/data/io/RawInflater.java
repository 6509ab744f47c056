package io.t3d.data.io;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Unpacks raw deflate data, without the frame that gzip puts around it. */
interface RawInflater extends AutoCloseable {
  /**
   * Unpacks as much as the two direct buffers allow and moves their positions.
   *
   * @return whether the end of the stream was reached
   * @throws DataFormatException when the data is damaged
   */
  boolean inflate(ByteBuffer packed, ByteBuffer out) throws DataFormatException;

  /** Gets ready for another stream. */
  void reset();

  @Override
  void close();

  /** The JDK's own. */
  final class Jdk implements RawInflater {
    private final Inflater inflater = new Inflater(true);

    @Override
    public boolean inflate(ByteBuffer packed, ByteBuffer out) throws DataFormatException {
      inflater.setInput(packed);
      inflater.inflate(out);
      return inflater.finished();
    }

    @Override
    public void reset() {
      inflater.reset();
    }

    @Override
    public void close() {
      inflater.end();
    }
  }
}

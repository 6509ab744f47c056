package io.t3d.data.io.internal.format;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Unpacks raw deflate data, without the frame that gzip puts around it. */
interface RawInflater extends AutoCloseable {
  /** The most bytes that the end of a stream may give back. */
  int MAX_GIVEN_BACK = 8;

  /** The fastest one here. */
  static RawInflater fastest() {
    return IsalInflater.available() ? new IsalInflater() : new Jdk();
  }

  /**
   * Unpacks as much as the two direct buffers allow and moves their positions. At the stream's end
   * the position of {@code packed} may go back by up to {@link #MAX_GIVEN_BACK} bytes, which must
   * still be there.
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

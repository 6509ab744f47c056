package io.t3d.data.io.internal.format;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.zip.DataFormatException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Intel's ISA-L, about twice as fast as the JDK, where its native library is on the class path. */
final class IsalInflater implements RawInflater {
  private final Pointer state = T3dInflate.t3d_inflate_new();
  private final IntBuffer counts = IntBuffer.allocate(2);

  /** Whether the native library is there and loads; without it the JDK's inflater serves. */
  static boolean available() {
    return Native.AVAILABLE;
  }

  private static final class Native {
    static final boolean AVAILABLE = load();

    private static boolean load() {
      if (IsalInflater.class.getResource("linux-x86_64/libjniT3dInflate.so") == null) {
        return false; // not built: spares the start of JavaCPP
      }
      try {
        new IsalInflater().close();
        return true;
      } catch (LinkageError e) { // another platform, or a library that does not load here
        return false;
      }
    }
  }

  @Override
  public boolean inflate(ByteBuffer packed, ByteBuffer out) throws DataFormatException {
    int from = packed.position();
    int result;
    try (BytePointer in = new BytePointer(packed);
        BytePointer to = new BytePointer(out)) {
      result =
          T3dInflate.t3d_inflate_run(state, in, packed.remaining(), to, out.remaining(), counts);
    }
    if (result < 0) {
      throw new DataFormatException("invalid deflate data, ISA-L code " + result);
    }
    boolean stuck = counts.get(0) == 0 && counts.get(1) == 0 && packed.hasRemaining();
    if (result == 0 && stuck && out.hasRemaining()) {
      throw new DataFormatException("invalid deflate data");
    }
    packed.position(from + counts.get(0));
    out.position(out.position() + counts.get(1));
    return result == 1;
  }

  @Override
  public void reset() {
    T3dInflate.t3d_inflate_reset(state);
  }

  @Override
  public void close() {
    if (!state.isNull()) {
      T3dInflate.t3d_inflate_free(state);
      state.setNull();
    }
  }
}

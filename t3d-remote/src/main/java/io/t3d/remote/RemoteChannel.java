package io.t3d.remote;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * A remote object to read: its beginning from memory, and from the first byte behind that on the
 * whole object from the local cache.
 */
final class RemoteChannel extends FileChannel {
  private static final int BLOCK = 1 << 16;

  private final byte[] beginning;
  private final long size;
  private final Whole whole;
  private @Nullable FileChannel local; // these guarded by this
  private long position;

  /** Where the whole object comes from. */
  interface Whole {
    FileChannel open() throws IOException;
  }

  RemoteChannel(byte[] beginning, long size, Whole whole) {
    this.beginning = beginning;
    this.size = size;
    this.whole = whole;
  }

  @Override
  public synchronized int read(ByteBuffer to) throws IOException {
    int read = read(to, position);
    position += Math.max(0, read);
    return read;
  }

  @Override
  public synchronized int read(ByteBuffer to, long from) throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    if (from >= size) {
      return -1;
    }
    if (from < beginning.length) {
      int bytes = (int) Math.min(to.remaining(), beginning.length - from);
      to.put(beginning, (int) from, bytes);
      return bytes;
    }
    return local().read(to, from);
  }

  private FileChannel local() throws IOException {
    if (local == null) {
      local = whole.open();
    }
    return local;
  }

  @Override
  public synchronized long read(ByteBuffer[] to, int offset, int length) throws IOException {
    long all = 0;
    for (int i = offset; i < offset + length; i++) {
      while (to[i].hasRemaining()) {
        int read = read(to[i]);
        if (read < 0) {
          return all == 0 ? -1 : all;
        }
        all += read;
      }
    }
    return all;
  }

  @Override
  public synchronized long position() {
    return position;
  }

  @Override
  public synchronized FileChannel position(long to) {
    if (to < 0) {
      throw new IllegalArgumentException("A position must be 0 or more, got " + to);
    }
    position = to;
    return this;
  }

  @Override
  public long size() throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    return size;
  }

  @Override
  public long transferTo(long from, long count, WritableByteChannel target) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    long done = 0;
    while (done < count) {
      block.clear().limit((int) Math.min(BLOCK, count - done));
      if (read(block, from + done) < 0) {
        break;
      }
      block.flip();
      while (block.hasRemaining()) {
        done += target.write(block);
      }
    }
    return done;
  }

  @Override
  public synchronized MappedByteBuffer map(MapMode mode, long from, long bytes) throws IOException {
    return local().map(mode, from, bytes);
  }

  @Override
  public void force(boolean metaData) {
    // nothing is written
  }

  @Override
  public int write(ByteBuffer from) {
    throw new NonWritableChannelException();
  }

  @Override
  public long write(ByteBuffer[] from, int offset, int length) {
    throw new NonWritableChannelException();
  }

  @Override
  public int write(ByteBuffer from, long at) {
    throw new NonWritableChannelException();
  }

  @Override
  public FileChannel truncate(long bytes) {
    throw new NonWritableChannelException();
  }

  @Override
  public long transferFrom(ReadableByteChannel from, long at, long count) {
    throw new NonWritableChannelException();
  }

  @Override
  public FileLock lock(long from, long bytes, boolean shared) {
    throw new UnsupportedOperationException("A remote object cannot be locked");
  }

  @Override
  public FileLock tryLock(long from, long bytes, boolean shared) {
    throw new UnsupportedOperationException("A remote object cannot be locked");
  }

  @Override
  protected synchronized void implCloseChannel() throws IOException {
    if (local != null) {
      local.close();
    }
  }
}

package io.t3d.core.internal.weights;

import io.t3d.core.internal.weights.Unpickler.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The form of {@code torch.save} before PyTorch 1.6: four pickles (a magic number, the version, the
 * writer's machine, the object), a fifth with the storages' keys, then each storage as its number
 * of elements and their bytes.
 */
final class StreamStorages implements TorchFile.StorageReader {
  /** {@code 0x1950a86a20f9469cfc6c} pickled by protocol 2. */
  private static final byte[] MAGIC = {
    (byte) 0x80,
    2,
    (byte) 0x8a,
    10,
    0x6c,
    (byte) 0xfc,
    (byte) 0x9c,
    0x46,
    (byte) 0xf9,
    0x20,
    0x6a,
    (byte) 0xa8,
    0x50,
    0x19,
    '.'
  };

  /** The pickles come first; a model's are a few MB, as they hold names and sizes only. */
  private static final int MAX_PICKLES = 256 << 20;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Long> positions = new HashMap<>();

  StreamStorages(Path file) throws IOException {
    this.file = file;
    channel = FileChannel.open(file);
  }

  static boolean isStream(byte[] start) {
    return start.length >= MAGIC.length
        && Arrays.equals(MAGIC, 0, MAGIC.length, start, 0, MAGIC.length);
  }

  @Override
  public Object root() throws IOException {
    // Mapped, not read: how long the pickles are shows only when they have been read.
    ByteBuffer bytes =
        channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), MAX_PICKLES));
    for (int i = 0; i < 3; i++) {
      new Unpickler(file.toString(), bytes).read();
    }
    Unpickler unpickler = new Unpickler(file.toString(), bytes);
    Object root = unpickler.read();
    if (!(new Unpickler(file.toString(), bytes).read() instanceof List<?> keys)) {
      throw new IOException(file + " is damaged: it has no list of storages");
    }
    locate(keys, unpickler.storages(), bytes.position());
    return root;
  }

  private void locate(List<?> keys, Map<String, Storage> storages, long begin) throws IOException {
    long position = begin;
    for (Object key : keys) {
      Storage storage = storages.get(key);
      if (storage == null) {
        throw new IOException(file + " is damaged: no tensor uses its storage " + key);
      }
      ByteBuffer elements = ByteBuffer.wrap(read(position, 8)).order(ByteOrder.LITTLE_ENDIAN);
      if (elements.getLong(0) != storage.elements()) {
        throw new IOException(
            String.format(
                "%s is damaged: storage %s must have %d elements, got %d",
                file, key, storage.elements(), elements.getLong(0)));
      }
      positions.put(storage.key(), position + 8);
      position += 8 + storage.elements() * storage.type().bytes();
    }
  }

  @Override
  public byte[] bytes(Storage storage) throws IOException {
    Long position = positions.get(storage.key());
    long size = storage.elements() * storage.type().bytes();
    if (position == null) {
      throw new IOException(file + " is damaged: it has no storage " + storage.key());
    }
    if (size > Integer.MAX_VALUE - 8) {
      throw new IOException(file + ": a storage is larger than 2 GiB, which is not supported");
    }
    return read(position, (int) size);
  }

  private byte[] read(long position, int size) throws IOException {
    if (position + size > channel.size()) {
      throw new EOFException(
          file + " is truncated: it ends at byte " + channel.size() + " of " + (position + size));
    }
    ByteBuffer bytes = ByteBuffer.allocate(size);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
    }
    return bytes.array();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}

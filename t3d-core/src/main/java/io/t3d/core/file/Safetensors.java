package io.t3d.core.file;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.file.SafetensorsHeader.Dtype;
import io.t3d.core.file.SafetensorsHeader.TensorInfo;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.PointerFiles;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads and writes <a href="https://github.com/huggingface/safetensors">safetensors</a> files: a
 * length (8 bytes, little endian), a JSON header, then the raw values. Python's {@code safetensors}
 * reads what this writes.
 *
 * <p>Lengths and offsets are checked against the file before anything is allocated for them.
 */
public final class Safetensors {
  /** The limit of the reference implementation: a larger header is an attack or an accident. */
  private static final int MAX_HEADER = 100_000_000;

  /** One map of the JDK holds less than 2 GiB. */
  private static final long MAPPED_BYTES = 1L << 30;

  private Safetensors() {}

  /**
   * What a file holds.
   *
   * @param tensors name → array, sorted by name; owned by the reader's manager
   * @param metadata free text pairs, sorted
   */
  public record Contents(Map<String, NDArray> tensors, Map<String, String> metadata) {
    /** Sorts and copies the maps. */
    public Contents {
      tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
      metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
    }
  }

  /**
   * Writes tensors; the file appears as a whole or not at all.
   *
   * @param file the target; replaced when it exists
   * @param tensors name → array of any device; float16/32/64, int8/32/64, uint8 or boolean
   * @param metadata free text pairs, may be empty
   * @throws IOException when the file cannot be written; an older file is then untouched
   * @throws IllegalArgumentException when an array's dtype has no counterpart
   */
  public static void write(Path file, Map<String, NDArray> tensors, Map<String, String> metadata)
      throws IOException {
    Map<String, TensorInfo> infos = layout(tensors);
    byte[] json = new SafetensorsHeader(infos, metadata, 0).toJson();
    // Spaces up to a multiple of 8 keep the values aligned for readers that map the file.
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    List<String> inOrder = new ArrayList<>(infos.keySet());
    inOrder.sort(Comparator.comparingLong(name -> infos.get(name).begin()));
    AtomicFiles.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
          writeAll(channel, length.putLong(0, padded.length));
          writeAll(channel, ByteBuffer.wrap(padded));
          for (String name : inOrder) {
            writeArray(channel, tensors.get(name));
          }
        });
  }

  /** Wide types first, so that every value is aligned; then by name. */
  private static Map<String, TensorInfo> layout(Map<String, NDArray> tensors) {
    Map<String, Dtype> dtypes = new TreeMap<>();
    tensors.forEach((name, array) -> dtypes.put(name, Dtype.of(name, array.getDataType())));
    List<String> inOrder = new ArrayList<>(dtypes.keySet());
    inOrder.sort(Comparator.comparingInt(name -> -dtypes.get(name).bytes()));
    Map<String, TensorInfo> infos = new TreeMap<>();
    long begin = 0;
    for (String name : inOrder) {
      Shape shape = tensors.get(name).getShape();
      long end = begin + shape.size() * dtypes.get(name).bytes();
      infos.put(name, new TensorInfo(dtypes.get(name), shape, begin, end));
      begin = end;
    }
    return infos;
  }

  private static void writeArray(FileChannel channel, NDArray array) throws IOException {
    if (array.getShape().size() == 0) {
      return;
    }
    if (array.getDevice().isGpu()) {
      try (NDArray host = array.toDevice(Device.cpu(), true)) {
        writeAll(channel, host.toByteBuffer());
      }
    } else {
      writeAll(channel, array.toByteBuffer());
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    ByteBuffer rest = bytes.duplicate();
    while (rest.hasRemaining()) {
      channel.write(rest);
    }
  }

  /**
   * Lists names, dtypes and shapes without reading a value.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  static SafetensorsHeader header(Path file) throws IOException {
    try (FileChannel channel = open(file)) {
      return readHeader(channel, file);
    }
  }

  /**
   * What is noted in a file beside its tensors, of which none is read.
   *
   * @return empty when nothing is
   * @throws IOException naming the file and what is wrong with it
   */
  public static Map<String, String> metadata(Path file) throws IOException {
    return header(file).metadata();
  }

  /**
   * Reads all tensors. BF16 becomes float32.
   *
   * @param manager owns the arrays; its device is where they go
   * @param file a safetensors file
   * @throws IOException naming the file and what is wrong with it
   */
  public static Contents read(NDManager manager, Path file) throws IOException {
    try (FileChannel channel = open(file)) {
      SafetensorsHeader header = readHeader(channel, file);
      long largest = 0;
      for (Map.Entry<String, TensorInfo> entry : header.tensors().entrySet()) {
        largest = Math.max(largest, entry.getValue().size());
        if (largest > Integer.MAX_VALUE) {
          throw SafetensorsHeader.corrupt(
              file, "tensor " + entry.getKey() + " is larger than 2 GiB, which is not supported");
        }
      }
      ByteBuffer buffer = ByteBuffer.allocateDirect((int) largest).order(ByteOrder.LITTLE_ENDIAN);
      Map<String, NDArray> tensors = new TreeMap<>();
      try {
        for (Map.Entry<String, TensorInfo> entry : header.tensors().entrySet()) {
          TensorInfo info = entry.getValue();
          buffer.clear().limit((int) info.size());
          readFully(channel, buffer, header.dataStart() + info.begin(), file);
          tensors.put(entry.getKey(), toArray(manager, info, buffer.flip()));
        }
      } catch (IOException | RuntimeException e) {
        tensors.values().forEach(NDArray::close);
        throw e;
      }
      return new Contents(tensors, header.metadata());
    }
  }

  /**
   * Some rows of a tensor, mapped into memory.
   *
   * @param rows how many
   * @param columns E
   * @param bytes {@code (rows, E)}, float32, read-only
   */
  public record MappedRows(int rows, int columns, ByteBuffer bytes) {}

  /**
   * Maps a matrix into memory without reading it. The file must not be cut or overwritten in place
   * while the maps are in use.
   *
   * @param file a safetensors file
   * @param tensor {@code (N, E)}, float32, with at least one row
   * @return its rows in order, at most a GiB in each map
   * @throws IOException naming the file and what is wrong with it
   */
  public static List<MappedRows> mapRows(Path file, String tensor) throws IOException {
    try (FileChannel channel = open(file)) {
      SafetensorsHeader header = readHeader(channel, file);
      TensorInfo info = header.tensors().get(tensor);
      if (info == null) {
        throw new IOException(
            file + " has no tensor " + tensor + ", only " + header.tensors().keySet());
      }
      Shape shape = info.shape();
      if (info.dtype() != Dtype.F32 || shape.dimension() != 2 || shape.size() == 0) {
        throw new IOException(
            file
                + ": "
                + tensor
                + " must be (N, E) of F32 with at least one row, got "
                + shape
                + " of "
                + info.dtype());
      }
      long rowBytes = shape.get(1) * Float.BYTES;
      long most = Math.max(1, MAPPED_BYTES / rowBytes);
      List<MappedRows> maps = new ArrayList<>();
      for (long from = 0; from < shape.get(0); from += most) {
        int rows = Math.toIntExact(Math.min(most, shape.get(0) - from));
        long start = header.dataStart() + info.begin() + from * rowBytes;
        ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, start, rows * rowBytes);
        maps.add(
            new MappedRows(
                rows, Math.toIntExact(shape.get(1)), bytes.order(ByteOrder.LITTLE_ENDIAN)));
      }
      return maps;
    }
  }

  private static FileChannel open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such safetensors file");
    }
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + " is not a regular file, expected a safetensors file");
    }
    PointerFiles.refuse(file);
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  private static SafetensorsHeader readHeader(FileChannel channel, Path file) throws IOException {
    long size = channel.size();
    if (size < 8) {
      throw SafetensorsHeader.corrupt(file, "it has " + size + " bytes, the header alone needs 8");
    }
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, length, 0, file);
    long bytes = length.getLong(0);
    if (bytes <= 0 || bytes > MAX_HEADER || bytes > size - 8) {
      throw SafetensorsHeader.corrupt(
          file,
          "its header claims "
              + Long.toUnsignedString(bytes)
              + " bytes, the file has "
              + (size - 8)
              + " after the length: truncated, or another format");
    }
    ByteBuffer json = ByteBuffer.allocate((int) bytes);
    readFully(channel, json, 8, file);
    return SafetensorsHeader.parse(file, json.array(), 8 + bytes, size - 8 - bytes);
  }

  private static void readFully(FileChannel channel, ByteBuffer into, long position, Path file)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int count = channel.read(into, at);
      if (count < 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
      at += count;
    }
  }

  private static NDArray toArray(NDManager manager, TensorInfo info, ByteBuffer bytes) {
    DataType type = info.dtype().dataType();
    if (info.size() == 0) {
      return manager.create(info.shape(), type);
    }
    ByteBuffer values = info.dtype() == Dtype.BF16 ? widenBfloat16(bytes) : bytes;
    // The engine borrows a direct buffer's memory, and ours is used again: hand out a copy.
    try (NDArray borrowed = manager.create(values, info.shape(), type)) {
      return borrowed.duplicate();
    }
  }

  private static ByteBuffer widenBfloat16(ByteBuffer halves) {
    int count = halves.remaining() / 2;
    ByteBuffer out =
        ByteBuffer.allocateDirect(Math.multiplyExact(count, 4)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      out.putInt(i * 4, halves.getShort(i * 2) << 16);
    }
    return out;
  }
}

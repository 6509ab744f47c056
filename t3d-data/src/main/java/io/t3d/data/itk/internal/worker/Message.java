package io.t3d.data.itk.internal.worker;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A request to a worker, put together value by value; little-endian. */
public final class Message {
  /** What a worker can do; the same numbers stand in {@code main.cpp}. */
  public enum Operation {
    IMAGE_FILE(1),
    DICOM_SCAN(2),
    DICOM_DECODE(3);

    private final int code;

    Operation(int code) {
      this.code = code;
    }
  }

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  public Message(Operation operation) {
    u8(operation.code);
  }

  public Message u8(int value) {
    bytes.write(value);
    return this;
  }

  public Message u32(int value) {
    bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  public Message u64(long value) {
    bytes.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  public Message text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    u32(utf8.length);
    bytes.writeBytes(utf8);
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  /** Reads a text of an answer. */
  public static String text(ByteBuffer in) {
    byte[] utf8 = new byte[Objects.checkIndex(in.getInt(), in.remaining() + 1)];
    in.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** Reads doubles of an answer. */
  public static double[] doubles(ByteBuffer in, int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = in.getDouble();
    }
    return values;
  }
}

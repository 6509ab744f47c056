package io.t3d.core.internal.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A message of protocol buffers, written field by field. ONNX's files need these four kinds of
 * fields alone, so that no code is generated and no library is taken along.
 *
 * <p>The <a href="https://protobuf.dev/programming-guides/encoding/">encoding</a>; numbers of the
 * fields are those of <a
 * href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a>.
 */
final class ProtoMessage {
  private static final int VARINT = 0;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** An integer, a boolean or an enum. */
  ProtoMessage number(int field, long value) {
    varint(((long) field << 3) | VARINT);
    varint(value);
    return this;
  }

  /** A float. */
  ProtoMessage real(int field, float value) {
    varint(((long) field << 3) | FIXED32);
    out.writeBytes(
        ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
    return this;
  }

  /** A text in UTF-8. */
  ProtoMessage text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** A message within this one. */
  ProtoMessage message(int field, ProtoMessage value) {
    return bytes(field, value.toBytes());
  }

  /** The start of bytes that follow elsewhere. */
  ProtoMessage start(int field, long length) {
    varint(((long) field << 3) | BYTES);
    varint(length);
    return this;
  }

  private ProtoMessage bytes(int field, byte[] value) {
    start(field, value.length);
    out.writeBytes(value);
    return this;
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  int size() {
    return out.size();
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}

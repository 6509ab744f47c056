package io.t3d.core.internal.weights;

import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/** Elements of PyTorch's storages. */
enum ElementType {
  FLOAT("FloatStorage", DataType.FLOAT32, 4),
  DOUBLE("DoubleStorage", DataType.FLOAT64, 8),
  HALF("HalfStorage", DataType.FLOAT16, 2),
  /** Read as float32, whose upper half it is. */
  BFLOAT16("BFloat16Storage", DataType.FLOAT32, 2),
  LONG("LongStorage", DataType.INT64, 8),
  INT("IntStorage", DataType.INT32, 4),
  /** Read as int32: DJL ends the JVM where an array of int16 is asked for. */
  SHORT("ShortStorage", DataType.INT32, 2),
  CHAR("CharStorage", DataType.INT8, 1),
  BYTE("ByteStorage", DataType.UINT8, 1),
  BOOL("BoolStorage", DataType.BOOLEAN, 1);

  private final String storage;
  private final DataType dataType;
  private final int bytes;

  ElementType(String storage, DataType dataType, int bytes) {
    this.storage = storage;
    this.dataType = dataType;
    this.bytes = bytes;
  }

  /** The type of {@code torch.FloatStorage} and the like; null for any other name. */
  static @Nullable ElementType ofStorage(String global) {
    for (ElementType type : values()) {
      if (global.equals("torch." + type.storage)) {
        return type;
      }
    }
    return null;
  }

  /** DJL's type once read. */
  DataType dataType() {
    return dataType;
  }

  /** Bytes per element in the file. */
  int bytes() {
    return bytes;
  }
}

package io.t3d.data.zarr.internal;

import java.util.Optional;

/** How one value of a chunk is stored; all are little-endian. */
enum ZarrDtype {
  INT16("<i2", 2, "int16"),
  FLOAT32("<f4", 4, "float32"),
  UINT8("|u1", 1, "uint8"),
  INT8("|i1", 1, "int8"),
  UINT16("<u2", 2, "uint16");

  final String code;
  final int bytes;
  final String text;

  ZarrDtype(String code, int bytes, String text) {
    this.code = code;
    this.bytes = bytes;
    this.text = text;
  }

  static Optional<ZarrDtype> of(String code) {
    for (ZarrDtype dtype : values()) {
      if (dtype.code.equals(code)) {
        return Optional.of(dtype);
      }
    }
    return Optional.empty();
  }
}

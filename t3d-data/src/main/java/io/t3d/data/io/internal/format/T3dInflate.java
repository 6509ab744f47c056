package io.t3d.data.io.internal.format;

import io.t3d.core.internal.JavaCpp;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Platform;

/** The functions of {@code t3d_inflate.h}; see there. */
@Platform(
    value = "linux-x86_64",
    include = "t3d_inflate.h",
    link = "isal@.2",
    linkpath = "/usr/lib/x86_64-linux-gnu")
final class T3dInflate {
  static {
    JavaCpp.prepare();
    Loader.load();
  }

  private T3dInflate() {}

  @Cast("void*")
  static native Pointer t3d_inflate_new();

  static native void t3d_inflate_reset(@Cast("void*") Pointer state);

  static native void t3d_inflate_free(@Cast("void*") Pointer state);

  static native int t3d_inflate_run(
      @Cast("void*") Pointer state,
      @Cast("const void*") Pointer in,
      int inBytes,
      @Cast("void*") Pointer out,
      int outBytes,
      IntBuffer counts);
}

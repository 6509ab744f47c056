package io.t3d.core.torch;

import com.sun.jna.NativeLibrary;
import io.t3d.core.internal.Libtorch;

/**
 * libtorch's autocast switches for the calling thread, called by their mangled C++ names through
 * JNA: neither DJL nor the presets map them.
 */
final class AutocastNative {
  static final int BFLOAT16 = 15; // c10::ScalarType::BFloat16

  private static final String NAMESPACE = "_ZN2at8autocast";
  private static final String DEVICE = "EN3c1010DeviceTypeE";

  private final NativeLibrary libtorch;

  private AutocastNative(NativeLibrary libtorch) {
    this.libtorch = libtorch;
  }

  /**
   * Opens the library that DJL has loaded; no second copy.
   *
   * @throws UnsatisfiedLinkError where it has no such functions under these names (Windows)
   */
  static AutocastNative open() {
    AutocastNative opened = new AutocastNative(Libtorch.library());
    opened.libtorch.getFunction(NAMESPACE + "11clear_cacheEv"); // fail here, not half-way
    return opened;
  }

  boolean isEnabled(int device) {
    return (callInt("19is_autocast_enabled" + DEVICE, device) & 0xff) != 0;
  }

  void setEnabled(int device, boolean enabled) {
    // JNA would pass true as -1, which the native code reads as off.
    call("20set_autocast_enabled" + DEVICE + "b", device, enabled ? 1 : 0);
  }

  int dtype(int device) {
    return callInt("18get_autocast_dtype" + DEVICE, device) & 0xff;
  }

  void setDtype(int device, int dtype) {
    call("18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE", device, dtype);
  }

  void enter() {
    callInt("17increment_nestingEv");
  }

  /** Returns how many scopes of this thread are still open. */
  int leave() {
    return callInt("17decrement_nestingEv");
  }

  void clearCache() {
    call("11clear_cacheEv");
  }

  private int callInt(String name, Object... args) {
    return libtorch.getFunction(NAMESPACE + name).invokeInt(args);
  }

  private void call(String name, Object... args) {
    libtorch.getFunction(NAMESPACE + name).invokeVoid(args);
  }
}

package io.t3d.core;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import io.t3d.core.torch.TorchEngine;

/**
 * The device of the tests of this module: the CPU, or what the system property {@value #PROPERTY}
 * names, {@code gpu} or {@code gpu1}. On a GPU, TF32 is off: golden values are those of float32.
 */
public final class TestDevice {
  /** The system property. */
  public static final String PROPERTY = "t3d.test.device";

  private static final Device DEVICE = device();

  private TestDevice() {}

  /** The device. */
  public static Device get() {
    return DEVICE;
  }

  /** A manager of arrays on it; the caller closes it. */
  public static NDManager manager() {
    return NDManager.newBaseManager(DEVICE);
  }

  /**
   * How far a result may be from its golden value.
   *
   * @param cpu where the same kernels in another order differ
   * @param gpu where other kernels do
   */
  public static double tolerance(double cpu, double gpu) {
    return DEVICE.isGpu() ? gpu : cpu;
  }

  private static Device device() {
    String name = System.getProperty(PROPERTY, "cpu");
    Device device = TorchEngine.require(name.equals("gpu") ? Device.gpu() : Device.fromName(name));
    if (device.isGpu()) {
      TorchEngine.tf32(false);
    }
    return device;
  }
}

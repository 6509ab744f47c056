package io.t3d.core.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import com.google.common.base.Supplier;
import com.google.common.base.Throwables;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.internal.cuda.CudaNatives;
import io.t3d.core.internal.cuda.DeviceNames;
import java.util.Objects;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.global.torch;

/**
 * Starts and configures DJL's PyTorch engine. The classes of T3D that start it do so here: DJL's
 * telemetry is off before, CUDA natives of the class path are ready ({@link CudaNatives}), and an
 * engine that is missing, another one, or a device that is not there is refused with what helps.
 */
public final class TorchEngine {
  /** System property: the device that is meant where none is given, {@code auto} unless set. */
  public static final String DEVICE = "t3d.device";

  /** What DJL asks before it calls home; set here unless the user has. */
  private static final String TELEMETRY_OFF = "OPT_OUT_TRACKING";

  private static final String ENGINE = "PyTorch";
  private static final String MEND =
      "put ai.djl.pytorch:pytorch-engine, pytorch-jni and pytorch-native-cpu of one release on the"
          + " class path; in a shaded jar merge META-INF/services (maven-shade-plugin:"
          + " ServicesResourceTransformer)";

  private TorchEngine() {}

  /**
   * The engine; the first call starts it, which takes about a second.
   *
   * @throws T3dException when it does not start or DJL runs on another one
   */
  public static Engine get() {
    withoutTelemetry();
    CudaNatives.install();
    return start(Engine::getInstance);
  }

  /**
   * The device of the system property {@value #DEVICE}; without it the first GPU, or the CPU where
   * there is none.
   *
   * @throws T3dException as {@link #device}
   */
  public static Device defaultDevice() {
    return device(System.getProperty(DEVICE, DeviceNames.AUTO));
  }

  /**
   * A device by its name.
   *
   * @param name {@code auto}, the first GPU or the CPU where there is none; {@code cpu}; {@code
   *     gpu}; {@code gpu1} and so on
   * @throws T3dException when it is no such name, the GPU is not there, or as {@link #get}
   */
  public static Device device(String name) {
    Device device = DeviceNames.parse(name).orElseGet(get()::defaultDevice);
    return require(device);
  }

  /** GPUs that PyTorch can use: none where libtorch is the CPU's, whatever the machine has. */
  public static int gpuCount() {
    Engine engine = get();
    return engine.hasCapability(StandardCapabilities.CUDA) ? engine.getGpuCount() : 0;
  }

  /**
   * Requires a device that is there.
   *
   * @param device the CPU or a GPU
   * @return the device, for chaining
   * @throws T3dException when it is a GPU that PyTorch does not see, or as {@link #get}
   */
  public static Device require(Device device) {
    Objects.requireNonNull(
        device, "device must be given: Device.cpu(), Device.gpu() or TorchEngine.defaultDevice()");
    get();
    return device.isGpu() ? require(device, gpuCount(), CudaNatives.install().reason()) : device;
  }

  /** As {@link #require(Device)}; {@code why} tells why there is no GPU, where there is none. */
  static Device require(Device device, int gpus, String why) {
    if (device.isGpu() && device.getDeviceId() >= gpus) {
      throw new T3dException(
          Kind.ENVIRONMENT,
          "The device must be one that PyTorch sees, the CPU or one of "
              + gpus
              + " GPUs, got gpu"
              + device.getDeviceId()
              + (gpus > 0 ? "; the first is gpu0" : "; take the CPU, or mend this: " + why));
    }
    return device;
  }

  /**
   * Allows or forbids TF32 to convolutions of float32 arrays on GPUs: 10 bits of precision in place
   * of 23, several times as fast. PyTorch and cuDNN allow it unless told otherwise. Matrix products
   * of float32 never use it here. For the whole process.
   *
   * @throws T3dException without the {@linkplain TorchBridge bridge}
   */
  public static void tf32(boolean allowed) {
    TorchBridge.require("The setting of TF32");
    torch.globalContext().setAllowTF32CuDNN(allowed);
  }

  /** Whether convolutions on GPUs may use TF32; they may unless {@link #tf32} forbade it. */
  public static boolean isTf32() {
    TorchBridge.require("The setting of TF32");
    return torch.globalContext().allowTF32CuDNN();
  }

  /**
   * Has libtorch use only algorithms that give the same bits each time, and warn where it has none.
   * On a CPU most do anyway; on a GPU it costs time, and cuBLAS wants the environment variable
   * {@code CUBLAS_WORKSPACE_CONFIG=:4096:8} set before Java starts. For the whole process.
   *
   * @throws T3dException without the {@linkplain TorchBridge bridge}
   */
  public static void deterministic(boolean wanted) {
    TorchBridge.require("Deterministic algorithms");
    Context context = torch.globalContext();
    context.setDeterministicAlgorithms(wanted, true);
    context.setDeterministicCuDNN(wanted);
  }

  /** Whether {@link #deterministic} algorithms are asked for. */
  public static boolean isDeterministic() {
    TorchBridge.require("Deterministic algorithms");
    return torch.globalContext().deterministicAlgorithms();
  }

  /**
   * Forbids DJL to report its use to its makers, which it does when an engine or a tokenizer is
   * first used. Whoever set the system property or variable {@code OPT_OUT_TRACKING} is obeyed.
   */
  public static void withoutTelemetry() {
    if (System.getProperty(TELEMETRY_OFF) == null && System.getenv(TELEMETRY_OFF) == null) {
      System.setProperty(TELEMETRY_OFF, "true");
    }
  }

  static Engine start(Supplier<Engine> djl) {
    Engine engine;
    try {
      engine = djl.get();
    } catch (RuntimeException | LinkageError e) {
      throw nativesFailed("DJL's PyTorch engine does not start", MEND, e);
    }
    if (!ENGINE.equals(engine.getEngineName())) {
      throw new T3dException(
          Kind.ENVIRONMENT,
          "DJL must run on its engine PyTorch, got "
              + engine.getEngineName()
              + "; leave ai.djl.default_engine alone, and "
              + MEND);
    }
    return engine;
  }

  /**
   * The error of natives that do not load, which shows the cause.
   *
   * @param what does not work, starts the message
   * @param mend what helps, unless Java forbids natives altogether
   */
  public static T3dException nativesFailed(String what, String mend, Throwable e) {
    Throwable root = Throwables.getRootCause(e);
    return new T3dException(
        Kind.ENVIRONMENT,
        what
            + ": "
            + (root.getMessage() == null
                ? root.toString()
                : root.getMessage().strip().replaceFirst("\\.$", ""))
            + "; "
            + (isForbidden(root)
                ? "start Java with --enable-native-access=ALL-UNNAMED, which lets libraries load"
                    + " native code"
                : mend),
        e);
  }

  /** Whether a failure is one of loading natives, and not of what they were given. */
  public static boolean isOfNatives(Throwable e) {
    Throwable root = Throwables.getRootCause(e);
    return e instanceof LinkageError || root instanceof LinkageError || isForbidden(root);
  }

  /** JDK 24 and newer may refuse {@code System.load}. */
  private static boolean isForbidden(Throwable root) {
    return root instanceof IllegalCallerException;
  }
}

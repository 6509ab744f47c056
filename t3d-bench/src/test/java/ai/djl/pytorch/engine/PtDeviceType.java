package ai.djl.pytorch.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Stands before DJL's class of this name in the class path of these tests, and numbers devices as
 * that does. With the system property {@value #PROPERTY} it makes two devices of a machine without
 * a GPU: DJL's GPU is libtorch's CPU, where all operations run and give real values, and DJL's CPU
 * is libtorch's {@code meta} device, which has no values at all. A step that is told to run on the
 * GPU then runs, and libtorch refuses an operation whose arrays are on both.
 *
 * <p>DJL asks it whenever it makes an array or moves one, so it also sees what a step makes on the
 * CPU, and what it copies from Java to the device and back.
 *
 * <p>DJL does not keep the Java buffer behind an array that it takes to be on a GPU. Here the array
 * is that buffer, so the garbage collector must not run.
 */
public final class PtDeviceType {
  /** System property: {@code true} makes two devices. */
  public static final String PROPERTY = "t3d.test.twoDevices";

  /** The device that stands for a GPU; DJL counts none, so it has no number. */
  public static final Device GPU = Device.of(Device.Type.GPU, -1);

  private static final int CPU = 0;
  private static final int CUDA = 1;
  private static final int MPS = 13;
  private static final int META = 14;
  private static final boolean TWO = Boolean.getBoolean(PROPERTY);

  /** libtorch takes a number from the CPU into the kernel; its array has no axes. */
  private static final String NUMBERS = "io.t3d.core.tensor.Scalars";

  private static final Map<String, Integer> ON_CPU = new TreeMap<>();
  private static final Map<String, Integer> UPLOADS = new TreeMap<>();
  private static final Map<String, Integer> READS = new TreeMap<>();

  private PtDeviceType() {}

  /** libtorch's number of a device that an array is made on or moved to. */
  public static int toDeviceType(Device device) {
    if (device.getDeviceType().equals(Device.Type.CPU)) {
      if (!TWO) {
        return CPU;
      }
      List<StackWalker.StackFrame> stack = stack();
      if (stack.stream().anyMatch(frame -> frame.getClassName().equals(NUMBERS))) {
        return CPU;
      }
      if (stack.stream().anyMatch(frame -> frame.getMethodName().equals("getByteBuffer"))) {
        count(READS, stack); // values go to Java: they have to be there
        return CPU;
      }
      count(ON_CPU, stack);
      return META;
    }
    if (device.isGpu()) {
      if (!TWO) {
        return CUDA;
      }
      List<StackWalker.StackFrame> stack = stack();
      if (stack.get(0).getMethodName().equals("createNdFromByteBuffer")) {
        count(UPLOADS, stack);
      }
      return CPU;
    }
    if (device.getDeviceType().equals("mps")) {
      return MPS;
    }
    throw new IllegalArgumentException("Unsupported device: " + device);
  }

  /** DJL's name of libtorch's number. */
  public static String fromDeviceType(int type) {
    return switch (type) {
      case CPU -> TWO ? Device.Type.GPU : Device.Type.CPU;
      case CUDA -> Device.Type.GPU;
      case MPS -> "mps";
      case META -> Device.Type.CPU;
      default -> throw new IllegalArgumentException("Unsupported deviceType: " + type);
    };
  }

  /** Forgets what was seen. */
  public static synchronized void forget() {
    ON_CPU.clear();
    UPLOADS.clear();
    READS.clear();
  }

  /** Method of ours → how often it had an array made on the CPU or moved there. */
  public static synchronized Map<String, Integer> onCpu() {
    return Collections.unmodifiableMap(new TreeMap<>(ON_CPU));
  }

  /** Method of ours → how often it had values of Java copied to the device. */
  public static synchronized Map<String, Integer> uploads() {
    return Collections.unmodifiableMap(new TreeMap<>(UPLOADS));
  }

  /** Method of ours → how often it copied values to Java, for which the host waits. */
  public static synchronized Map<String, Integer> reads() {
    return Collections.unmodifiableMap(new TreeMap<>(READS));
  }

  /** The caller's frames, innermost first. */
  private static List<StackWalker.StackFrame> stack() {
    return StackWalker.getInstance()
        .walk(frames -> frames.dropWhile(PtDeviceType::isOurs).collect(Collectors.toList()));
  }

  private static boolean isOurs(StackWalker.StackFrame frame) {
    return frame.getClassName().equals(PtDeviceType.class.getName());
  }

  private static synchronized void count(
      Map<String, Integer> counts, List<StackWalker.StackFrame> stack) {
    Stream<StackWalker.StackFrame> ours =
        stack.stream().filter(frame -> frame.getClassName().startsWith("io.t3d."));
    String where =
        ours.findFirst()
            .map(f -> f.getClassName().replaceAll(".*\\.", "") + "." + f.getMethodName())
            .orElse(NDManager.class.getSimpleName());
    counts.merge(where, 1, Integer::sum);
  }
}

package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TorchEngineTest {
  private static final String MEND =
      "put ai.djl.pytorch:pytorch-engine, pytorch-jni and pytorch-native-cpu of one release on the"
          + " class path; in a shaded jar merge META-INF/services (maven-shade-plugin:"
          + " ServicesResourceTransformer)";

  private final String telemetry = System.getProperty("OPT_OUT_TRACKING");

  @AfterEach
  void restore() {
    if (telemetry == null) {
      System.clearProperty("OPT_OUT_TRACKING");
    } else {
      System.setProperty("OPT_OUT_TRACKING", telemetry);
    }
  }

  @Test
  void theEngineIsPyTorch() {
    assertThat(TorchEngine.get().getEngineName()).isEqualTo("PyTorch");
    assertThat(TorchEngine.require(Device.cpu())).isEqualTo(Device.cpu());
  }

  @Test
  void tf32AndDeterministicAlgorithmsAreSwitchesOfLibtorch() {
    assumeTrue(TorchBridge.available());
    boolean tf32 = TorchEngine.isTf32();
    boolean deterministic = TorchEngine.isDeterministic();
    try {
      TorchEngine.tf32(!tf32);
      TorchEngine.deterministic(!deterministic);
      assertThat(TorchEngine.isTf32()).isEqualTo(!tf32);
      assertThat(TorchEngine.isDeterministic()).isEqualTo(!deterministic);
    } finally {
      TorchEngine.tf32(tf32);
      TorchEngine.deterministic(deterministic);
    }
  }

  @Test
  void telemetryIsOffUnlessTheUserSaidOtherwise() {
    System.clearProperty("OPT_OUT_TRACKING");
    TorchEngine.get();
    assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
    System.setProperty("OPT_OUT_TRACKING", "false");
    TorchEngine.get();
    assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("false");
  }

  @Test
  void aGpuThatIsNotThereIsAnError() {
    assertThat(TorchEngine.require(Device.gpu(1), 2, "")).isEqualTo(Device.gpu(1));
    assertThatThrownBy(() -> TorchEngine.require(Device.gpu(), 0, "no driver; install one"))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "The device must be one that PyTorch sees, the CPU or one of 0 GPUs, got gpu0; take the"
                + " CPU, or mend this: no driver; install one")
        .extracting(e -> ((HasKind) e).kind())
        .isEqualTo(Kind.ENVIRONMENT);
    assertThatThrownBy(() -> TorchEngine.require(Device.gpu(2), 2, ""))
        .hasMessage(
            "The device must be one that PyTorch sees, the CPU or one of 2 GPUs, got gpu2; the first"
                + " is gpu0");
  }

  @Test
  void aDeviceHasAName() {
    assertThat(TorchEngine.device("cpu")).isEqualTo(Device.cpu());
    assertThat(TorchEngine.device("auto"))
        .isEqualTo(TorchEngine.gpuCount() > 0 ? Device.gpu() : Device.cpu());
    assertThatThrownBy(() -> TorchEngine.device("tpu"))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "The device must be auto, cpu, gpu, or one of several GPUs such as gpu1, got \"tpu\"");
  }

  @Test
  void theDefaultDeviceIsThatOfTheProperty() {
    String before = System.getProperty(TorchEngine.DEVICE);
    try {
      System.setProperty(TorchEngine.DEVICE, "cpu");
      assertThat(TorchEngine.defaultDevice()).isEqualTo(Device.cpu());
      System.setProperty(TorchEngine.DEVICE, "gpu99");
      assertThatThrownBy(TorchEngine::defaultDevice)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("got gpu99");
    } finally {
      if (before == null) {
        System.clearProperty(TorchEngine.DEVICE);
      } else {
        System.setProperty(TorchEngine.DEVICE, before);
      }
    }
  }

  @Test
  void noDeviceIsAnError() {
    assertThatThrownBy(() -> TorchEngine.require(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage(
            "device must be given: Device.cpu(), Device.gpu() or TorchEngine.defaultDevice()");
  }

  @Test
  void anotherEngineIsRefusedWithWhatHelps() {
    assertThatThrownBy(() -> TorchEngine.start(() -> Engine.getEngine("Rust")))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "DJL must run on its engine PyTorch, got Rust; leave ai.djl.default_engine alone, and "
                + MEND);
  }

  @Test
  void anEngineThatIsMissingIsAnErrorWithTheCause() {
    assertThatThrownBy(
            () ->
                TorchEngine.start(
                    () -> {
                      throw new EngineException("No deep learning engine found.");
                    }))
        .isInstanceOf(T3dException.class)
        .hasMessage("DJL's PyTorch engine does not start: No deep learning engine found; " + MEND);
  }

  @Test
  void nativesThatJavaForbidsAreNamed() {
    assertThatThrownBy(
            () ->
                TorchEngine.start(
                    () -> {
                      throw new ExceptionInInitializerError(
                          new IllegalCallerException("Illegal native access from: unnamed module"));
                    }))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "DJL's PyTorch engine does not start: Illegal native access from: unnamed module; start"
                + " Java with --enable-native-access=ALL-UNNAMED, which lets libraries load native"
                + " code");
  }
}

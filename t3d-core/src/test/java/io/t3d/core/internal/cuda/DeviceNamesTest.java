package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import org.junit.jupiter.api.Test;

class DeviceNamesTest {
  @Test
  void namesAreDevices() {
    assertThat(DeviceNames.parse("auto")).isEmpty();
    assertThat(DeviceNames.parse("cpu")).contains(Device.cpu());
    assertThat(DeviceNames.parse("gpu")).contains(Device.gpu(0));
    assertThat(DeviceNames.parse("gpu0")).contains(Device.gpu(0));
    assertThat(DeviceNames.parse(" GPU12 ")).contains(Device.gpu(12));
  }

  @Test
  void anotherWordIsTheUsersMistake() {
    assertThatThrownBy(() -> DeviceNames.parse("cuda:1"))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "The device must be auto, cpu, gpu, or one of several GPUs such as gpu1, got"
                + " \"cuda:1\"; did you mean gpu1?")
        .extracting(e -> ((T3dException) e).kind())
        .isEqualTo(Kind.USAGE);
    assertThatThrownBy(() -> DeviceNames.parse("gpu-1")).hasMessageEndingWith("got \"gpu-1\"");
    assertThatThrownBy(() -> DeviceNames.parse("")).hasMessageEndingWith("got \"\"");
  }
}

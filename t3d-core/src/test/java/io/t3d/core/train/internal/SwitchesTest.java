package io.t3d.core.train.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.TorchEngine;
import org.junit.jupiter.api.Test;

class SwitchesTest {
  @Test
  void aRunSetsItsSwitchesAndPutsThemBack() {
    assumeTrue(TorchBridge.available());
    boolean tf32 = TorchEngine.isTf32();
    boolean deterministic = TorchEngine.isDeterministic();
    try (Switches switches = new Switches(!tf32, true)) {
      assertThat(TorchEngine.isTf32()).isEqualTo(!tf32);
      assertThat(TorchEngine.isDeterministic()).isTrue();
    }
    assertThat(TorchEngine.isTf32()).isEqualTo(tf32);
    assertThat(TorchEngine.isDeterministic()).isEqualTo(deterministic);
  }
}

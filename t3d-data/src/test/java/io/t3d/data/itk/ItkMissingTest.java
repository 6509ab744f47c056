package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.spi.ItkMissingException;
import io.t3d.data.itk.internal.worker.ItkNatives;
import org.junit.jupiter.api.Test;

class ItkMissingTest {
  @Test
  void missingNativesSayWhatHelps() {
    assertThatThrownBy(() -> ItkNatives.unpack(null))
        .isInstanceOf(ItkMissingException.class)
        .hasMessage(
            "ITK's natives are not on the class path: add io.t3d:t3d-data with classifier"
                + " linux-x86_64, or in a source build apt-get install libinsighttoolkit5-dev g++"
                + " make and build again (docs/natives-itk.md)");
  }
}

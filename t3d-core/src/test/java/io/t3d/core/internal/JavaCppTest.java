package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JavaCppTest {
  private final Properties before = (Properties) System.getProperties().clone();

  @AfterEach
  void restore() {
    System.setProperties(before);
  }

  @Test
  void memoryOfLibtorchDoesNotCountAgainstJavasHeap() {
    System.clearProperty("org.bytedeco.javacpp.maxPhysicalBytes");
    JavaCpp.prepare();
    assertThat(System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes")).isEqualTo("0");
    assertThat(System.getProperty("org.bytedeco.javacpp.pathsfirst")).isEqualTo("true");
  }

  @Test
  void whatTheUserHasSetStays() {
    System.clearProperty("org.bytedeco.javacpp.maxPhysicalBytes");
    System.setProperty("org.bytedeco.javacpp.maxphysicalbytes", "8g");
    System.setProperty("org.bytedeco.javacpp.pathsfirst", "false");
    JavaCpp.prepare();
    assertThat(System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes")).isNull();
    assertThat(System.getProperty("org.bytedeco.javacpp.pathsfirst")).isEqualTo("false");
  }
}

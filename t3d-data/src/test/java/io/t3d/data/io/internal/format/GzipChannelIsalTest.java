package io.t3d.data.io.internal.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("isal")
class GzipChannelIsalTest extends GzipChannelTest {
  @Override
  RawInflater inflater() {
    return new IsalInflater();
  }

  @Test
  void theReaderTakesIt() {
    try (RawInflater fastest = RawInflater.fastest()) {
      assertThat(fastest).isInstanceOf(IsalInflater.class);
    }
  }
}

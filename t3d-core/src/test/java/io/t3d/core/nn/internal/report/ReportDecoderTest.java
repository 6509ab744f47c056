package io.t3d.core.nn.internal.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.t3d.core.TestDevice;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReportDecoderTest {
  private final NDManager manager = TestDevice.manager();
  private final ParameterStore parameters = new ParameterStore(manager, false);
  private final DecoderGolden golden = DecoderGolden.load(manager);
  private final ReportDecoder decoder = golden.decoder();
  private final NDArray ids = golden.ids();
  private final VisualTokens visual = golden.visual();

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray forced() {
    return decoder.logits(parameters, ids, visual, false);
  }

  private static void assertClose(NDArray actual, NDArray expected, double tolerance) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    assertThat((double) actual.sub(expected).abs().max().getFloat()).isLessThan(tolerance);
  }

  @Test
  void itGivesTheLogitsOfHuggingFacesMBart() {
    assertClose(forced(), golden.logits(), 1e-4);
  }

  @Test
  void tokenByTokenWithTheCacheGivesTheSameLogits() {
    try (DecoderCache cache = decoder.start(parameters, manager, visual)) {
      for (int i = 0; i < 7; i++) {
        NDArray next = decoder.next(parameters, ids.get(":, " + i + ":" + (i + 1)), cache);
        assertClose(next.get(":, 0"), forced().get(":, " + i), 1e-5);
      }
      assertThat(cache.length()).isEqualTo(7);
    }
  }

  @Test
  void severalTokensAtOnceMayFollowTheCache() {
    try (DecoderCache cache = decoder.start(parameters, manager, visual)) {
      decoder.next(parameters, ids.get(":, :3"), cache);
      assertClose(decoder.next(parameters, ids.get(":, 3:"), cache), forced().get(":, 3:"), 1e-5);
    }
  }

  @Test
  void rowsOfTheCacheCanBeRepeatedDroppedAndExchanged() {
    try (DecoderCache cache = decoder.start(parameters, manager, visual)) {
      decoder.next(parameters, ids.get(":, :2"), cache);
      cache.select(new int[] {2, 0, 0, 2});
      NDArray third = ids.get(manager.create(new long[] {2, 0, 0, 2})).get(":, 2:3");
      NDArray next = decoder.next(parameters, third, cache);
      assertClose(next.get("0, 0"), forced().get("2, 2"), 1e-5);
      assertClose(next.get("1, 0"), forced().get("0, 2"), 1e-5);
      assertClose(next.get("2, 0"), forced().get("0, 2"), 1e-5);
      assertClose(next.get("3, 0"), forced().get("2, 2"), 1e-5);
      assertThatThrownBy(() -> cache.select(new int[] {4}))
          .hasMessage("sources must be rows of the cache, 0 to 3, got 4");
    }
  }

  @Test
  void noTokenSeesThoseAfterIt() {
    NDArray before = forced();
    NDArray changed = ids.duplicate();
    changed.set(new NDIndex(":, 5:"), 9);
    NDArray after = decoder.logits(parameters, changed, visual, false);
    assertClose(after.get(":, :5"), before.get(":, :5"), 1e-6);
    assertThat(after.get(":, 5:").sub(before.get(":, 5:")).abs().max().getFloat())
        .isGreaterThan(0.05f);
  }

  @Test
  void whatAReportSaysDependsOnWhereTheTokensLie() {
    VisualTokens turned = new VisualTokens(visual.tokens(), 3, 1, 2);
    NDArray other = decoder.logits(parameters, ids, turned, false);
    assertThat(other.sub(forced()).abs().max().getFloat()).isGreaterThan(0.01f);
  }

  @Test
  void aStepLeavesNoMemoryBehindButItsLogits() {
    try (DecoderCache cache = decoder.start(parameters, manager, visual)) {
      decoder.next(parameters, ids.get(":, :1"), cache).close();
      NDArray one = ids.get(":, 1:2");
      int before = manager.getManagedArrays().size();
      for (int i = 1; i < 6; i++) {
        decoder.next(parameters, one, cache).close();
      }
      assertThat(manager.getManagedArrays().size()).isEqualTo(before);
    }
  }

  @Test
  void wrongShapesAndLongReportsAreRefused() {
    VisualTokens narrow = new VisualTokens(manager.zeros(new Shape(3, 6, 9)), 2, 1, 3);
    assertThatThrownBy(() -> decoder.logits(parameters, ids, narrow, false))
        .hasMessageContaining("visual tokens must be (B, N, C) = (3, 6, 10), got (3, 6, 9)");
    NDArray tooLong = manager.zeros(new Shape(3, 13), DataType.INT64);
    assertThatThrownBy(() -> decoder.logits(parameters, tooLong, visual, false))
        .hasMessage("A report must be at most 12 tokens long, got 13");
  }
}

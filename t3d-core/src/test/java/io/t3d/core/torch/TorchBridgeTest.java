package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class TorchBridgeTest {
  @Test
  @EnabledOnOs(OS.LINUX)
  void theBridgeIsUpOnThisPlatform() {
    assertThat(TorchBridge.unavailableReason()).isEmpty();
    assertThat(TorchBridge.available()).isTrue();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theProcessHasExactlyOneLibtorch() throws IOException {
    assumeTrue(TorchBridge.available());
    assertThat(BridgeLoader.loadedLibraries("libtorch_cpu.so"))
        .singleElement()
        .isEqualTo(BridgeLoader.djlLibtorch().resolve("libtorch_cpu.so").toRealPath().toString());
    assertThat(BridgeLoader.loadedLibraries("libjnitorch.so")).hasSize(1);
  }

  @Test
  void anOperationThatDjlLacksRunsOnItsArrayAndRecordsGradients() {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {-1, 2, 9});
      x.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray y = TorchBridge.own(manager, torch.relu6(TorchBridge.borrow(x)));
        assertThat(y.toFloatArray()).containsExactly(0, 2, 6);
        assertThat(y.getManager()).isSameAs(manager);
        collector.backward(y.sum());
      }
      assertThat(x.getGradient().toFloatArray()).containsExactly(0, 1, 0);
    }
  }

  @Test
  void closingABorrowedTensorLeavesTheArrayAlone() {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {1, 2});
      try (Tensor view = TorchBridge.borrow(x)) {
        assertThat(view.numel()).isEqualTo(2);
      }
      assertThat(x.add(1).toFloatArray()).containsExactly(2, 3);
    }
  }

  @Test
  void anOwnedTensorSurvivesItsPointerScopeAndItsOwnClose() {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {-1, 2, 9});
      NDArray y;
      try (PointerScope scope = new PointerScope();
          Tensor clipped = torch.relu6(TorchBridge.borrow(x))) {
        y = TorchBridge.own(manager, clipped);
        assertThat(clipped.isNull()).isTrue();
      }
      assertThat(y.toFloatArray()).containsExactly(0, 2, 6);
    }
  }

  @Test
  void aTensorThatCannotBeOwnedIsAnErrorAndNoCrash() {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {1, 2});
      assertThatThrownBy(() -> TorchBridge.own(manager, TorchBridge.borrow(x)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("borrowed");
      Tensor once = torch.relu6(TorchBridge.borrow(x));
      TorchBridge.own(manager, once);
      assertThatThrownBy(() -> TorchBridge.own(manager, once))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("own() was called twice");
      assertThatThrownBy(() -> TorchBridge.own(manager, new Tensor()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("tensor is empty");
      assertThatThrownBy(() -> TorchBridge.borrow(null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("array must come from DJL's PyTorch engine, got null");
      NDArray closed = manager.create(1f);
      closed.close();
      assertThatThrownBy(() -> TorchBridge.borrow(closed))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anErrorOfLibtorchBecomesAJavaException() {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.ones(new Shape(2, 3));
      assertThatThrownBy(() -> torch.mm(TorchBridge.borrow(x), TorchBridge.borrow(x)))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("mat1 and mat2 shapes cannot be multiplied");
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void twoThousandCallsDoNotGrowNativeMemory() throws IOException {
    assumeTrue(TorchBridge.available());
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.randomNormal(new Shape(1, 2, 128, 64));
      x.setRequiresGradient(true);
      for (int i = 0; i < 100; i++) {
        everyKindOfCall(x);
      }
      long pointers = Pointer.totalCount();
      long before = residentKilobytes();
      for (int i = 0; i < 400; i++) {
        everyKindOfCall(x);
      }
      // One lost array of 64 KB a round would be 25 MB; the Java heap may grow a little.
      assertThat(residentKilobytes() - before).isLessThan(16_000);
      assertThat(Pointer.totalCount()).isLessThanOrEqualTo(pointers);
    }
  }

  @Test
  void missingNativesAreAReasonThatNamesTheJarsAndTheClassifier() {
    Optional<String> reason =
        BridgeLoader.load(
            null,
            () -> {
              throw new UnsatisfiedLinkError("no jnitorch in java.library.path");
            });
    assertThat(reason.orElseThrow())
        .startsWith("no jnitorch in java.library.path; put the natives for this platform")
        .contains("org.bytedeco:pytorch 2.7.1-1.5.12", "org.bytedeco:openblas")
        .contains("classifier " + org.bytedeco.javacpp.Loader.getPlatform())
        .endsWith("(docs/natives.md)");
    assertThat(
            BridgeLoader.load(
                    null,
                    () -> {
                      throw new NoClassDefFoundError("org/bytedeco/pytorch/global/torch");
                    })
                .orElseThrow())
        .startsWith("org/bytedeco/pytorch/global/torch; put the natives");
  }

  @Test
  void theSwitchKeepsTheNativesUntouched() {
    assertThat(
            BridgeLoader.load(
                "off",
                () -> {
                  throw new AssertionError("must not load");
                }))
        .contains("it is switched off by -Dt3d.bridge=off");
    assertThat(BridgeLoader.load(null, () -> {})).isEmpty();
  }

  @Test
  void aFeatureThatCannotDoWithoutTheBridgeSaysWhyAndWhatHelps() {
    assertThatThrownBy(() -> TorchBridge.refuse("Autocast to bfloat16", "no jnitorch"))
        .isInstanceOf(io.t3d.core.T3dException.class)
        .hasMessage(
            "Autocast to bfloat16 needs the bridge to libtorch, which is not there: no jnitorch");
  }

  @Test
  void twoCopiesOfLibtorchAreRefused() {
    assertThatThrownBy(() -> BridgeLoader.checkOneLibtorch(Set.of("/a/libtorch_cpu.so", "/b/x.so")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("two copies of libtorch are loaded")
        .hasMessageContaining("/a/libtorch_cpu.so");
    assertThatCode(() -> BridgeLoader.checkOneLibtorch(Set.of())).doesNotThrowAnyException();
  }

  /** Five calls. */
  private static void everyKindOfCall(NDArray x) {
    try (NDManager step = x.getManager().newSubManager();
        GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray q = x.mul(1);
      q.attach(step);
      NDArray mask = step.ones(new Shape(1, 2, 128, 128)).gt(0);
      NDArray y = Attention.fused(q, q, q, mask, 0);
      NDArray image = MemoryFormats.channelsLast3d(y.expandDims(0));
      NDArray back = MemoryFormats.contiguous(image);
      NDArray sum = Casts.toFloat32(Casts.toBfloat16(back)).sum();
      collector.backward(sum);
    }
    x.getGradient().close();
  }

  private static long residentKilobytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}

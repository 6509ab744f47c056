package io.t3d.core.torch.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.t3d.core.internal.Libtorch;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.TorchBridge;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Operations on lists of arrays, as libtorch's {@code _foreach_…}: on a GPU, a few kernels for the
 * whole list instead of one call per array, during which the GPU would wait. On a CPU, and where
 * libtorch's functions cannot be called, it is a loop.
 */
public final class TensorLists {
  private static final String LIST = "EN3c108ArrayRefINS_6TensorEEE";
  private static final Supplier<Optional<Function>> LERP =
      function("_ZN2at4_ops21_foreach_lerp__Scalar4call" + LIST + "S5_RKNS2_6ScalarE");
  private static final Supplier<Optional<Function>> COPY =
      function("_ZN2at4_ops14_foreach_copy_4call" + LIST + "S5_b");
  private static final Supplier<Optional<Function>> ADD =
      function("_ZN2at4_ops18_foreach_add__List4call" + LIST + "S5_RKNS2_6ScalarE");
  private static final Supplier<Optional<Function>> NORM =
      function(
          "_ZN2at4_ops20_foreach_norm_Scalar4call"
              + LIST
              + "RKNS2_6ScalarESt8optionalINS2_10ScalarTypeEE");

  private TensorLists() {}

  private static Supplier<Optional<Function>> function(String symbol) {
    // A std::vector is returned in memory whose address is the first argument; not so on ARM.
    return Suppliers.memoize(
        () ->
            TorchBridge.available() && System.getProperty("os.arch").equals("amd64")
                ? Libtorch.function(symbol)
                : Optional.empty());
  }

  /**
   * The Euclidean norm of all arrays taken as one vector; NaN or infinite when one of them is.
   *
   * @param owner of the result
   * @param arrays at least one; float32, any shapes, on one device
   * @return {@code (1)}, float32, on that device: nobody waits for it
   */
  public static NDArray norm(NDManager owner, List<NDArray> arrays) {
    requireFloat32(arrays);
    if (NORM.get().isEmpty()) {
      NDList norms = new NDList();
      arrays.forEach(array -> norms.add(array.norm().reshape(1)));
      NDArray norm = NDArrays.concat(norms).norm().reshape(1);
      norms.close();
      norm.attach(owner);
      return norm;
    }
    Memory list = Libtorch.list(arrays);
    try (TensorVector norms = new TensorVector();
        Scalar two = new Scalar(2.0)) {
      // An empty vector owns nothing, so the new one can be put into its place.
      NORM.get()
          .get()
          .invokeVoid(
              new Object[] {
                new Pointer(norms.address()),
                list,
                (long) arrays.size(),
                new Pointer(two.address()),
                0L // no other dtype
              });
      try (Tensor stacked = torch.stack(norms);
          Tensor norm = torch.linalg_vector_norm(stacked)) {
        return TorchBridge.own(owner, norm.reshape(1));
      }
    }
  }

  /**
   * Moves arrays part of the way to others: {@code x ← x + fraction · (target − x)}. An element
   * that is equal in both stays bit for bit. Call it within {@link NoGrad}.
   *
   * @param x changed; float32, want no gradient
   * @param targets read; of the shapes and types of {@code x}
   * @param fraction 0 leaves x, 1 makes it the target
   * @throws IllegalArgumentException when numbers, shapes or types differ
   */
  public static void lerp(List<NDArray> x, List<NDArray> targets, double fraction) {
    requireAlike(x, targets);
    if (x.isEmpty()) {
      return;
    }
    if (LERP.get().isEmpty()) {
      for (int i = 0; i < x.size(); i++) {
        towards(x.get(i), targets.get(i), fraction);
      }
      return;
    }
    Memory own = Libtorch.list(x);
    Memory others = Libtorch.list(targets);
    try (Scalar weight = new Scalar(fraction)) {
      long n = x.size();
      LERP.get().get().invokeVoid(new Object[] {own, n, others, n, new Pointer(weight.address())});
    }
  }

  /**
   * Adds arrays to others: {@code x ← x + y}. Call it within {@link NoGrad}.
   *
   * @param x changed; float32, want no gradient
   * @param y read; of the shapes and types of {@code x}
   * @throws IllegalArgumentException when numbers, shapes or types differ
   */
  public static void add(List<NDArray> x, List<NDArray> y) {
    requireAlike(x, y);
    if (x.isEmpty()) {
      return;
    }
    if (ADD.get().isEmpty()) {
      for (int i = 0; i < x.size(); i++) {
        x.get(i).addi(y.get(i));
      }
      return;
    }
    Memory own = Libtorch.list(x);
    Memory others = Libtorch.list(y);
    try (Scalar one = new Scalar(1.0)) {
      long n = x.size();
      ADD.get().get().invokeVoid(new Object[] {own, n, others, n, new Pointer(one.address())});
    }
  }

  /**
   * Copies arrays into others: {@code x ← y}, on the device, without waiting for it.
   *
   * @param x overwritten; want no gradient
   * @param y read; of the shapes and types of {@code x}
   * @throws IllegalArgumentException when numbers, shapes or types differ
   */
  public static void copy(List<NDArray> x, List<NDArray> y) {
    requireAlike(x, y);
    if (x.isEmpty()) {
      return;
    }
    if (COPY.get().isEmpty()) {
      for (int i = 0; i < x.size(); i++) {
        y.get(i).copyTo(x.get(i));
      }
      return;
    }
    Memory own = Libtorch.list(x);
    Memory others = Libtorch.list(y);
    long n = x.size();
    COPY.get().get().invokeVoid(new Object[] {own, n, others, n, (byte) 0});
  }

  private static void towards(NDArray x, NDArray target, double fraction) {
    if (TorchBridge.available()) {
      Tensor own = TorchBridge.borrow(x);
      try (Scalar weight = new Scalar(fraction);
          Tensor same = own.lerp_(TorchBridge.borrow(target), weight)) {
        return;
      }
    }
    try (NDArray way = target.sub(x);
        NDArray part = Scalars.multiply(way, fraction)) {
      x.addi(part);
    }
  }

  private static void requireAlike(List<NDArray> x, List<NDArray> targets) {
    if (x.size() != targets.size()) {
      throw new IllegalArgumentException(
          "targets must be as many as x, " + x.size() + ", got " + targets.size());
    }
    for (int i = 0; i < x.size(); i++) {
      NDArray own = x.get(i);
      NDArray target = targets.get(i);
      if (!own.getShape().equals(target.getShape()) || own.getDataType() != target.getDataType()) {
        throw new IllegalArgumentException(
            String.format(
                "target must be %s %s as x is, got %s %s",
                own.getDataType(), own.getShape(), target.getDataType(), target.getShape()));
      }
    }
  }

  private static void requireFloat32(List<NDArray> arrays) {
    if (arrays.isEmpty()) {
      throw new IllegalArgumentException("arrays must be at least one, got none");
    }
    for (NDArray array : arrays) {
      if (array.getDataType() != DataType.FLOAT32) {
        throw new IllegalArgumentException(
            "arrays must be float32, got " + array.getDataType() + " " + array.getShape());
      }
    }
  }
}

package io.t3d.core.volume;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Shapes;
import io.t3d.core.torch.internal.Uploads;
import java.util.ArrayList;
import java.util.List;

/**
 * The views of B volume–report pairs as arrays, slot by slot: slot v holds the v-th view of every
 * pair. Closing the batch frees its arrays.
 */
public final class ViewBatch implements AutoCloseable {
  private final List<Slot> slots;

  /**
   * One view of every pair.
   *
   * @param kind size class of these views
   * @param voxels {@code (B, 1, D, H, W)}, float32
   * @param affines B maps from this view's voxel index (x, y, z) to world mm
   */
  public record Slot(View.Kind kind, NDArray voxels, List<Affine> affines) {
    /** Copies the list, checks shape and dtype. */
    public Slot {
      affines = List.copyOf(affines);
      Shape s = voxels.getShape();
      if (s.dimension() != 5 || s.get(1) != 1 || s.get(0) != affines.size()) {
        throw new IllegalArgumentException(
            "voxels must be (B, 1, D, H, W) with B = "
                + affines.size()
                + " (the number of affines), got "
                + s);
      }
      Shapes.requireFloat32("voxels", voxels);
    }
  }

  /**
   * Wraps slots that all have the same B.
   *
   * @throws IllegalArgumentException when there is no slot or B differs
   */
  public ViewBatch(List<Slot> slots) {
    this.slots = List.copyOf(slots);
    if (slots.isEmpty()) {
      throw new IllegalArgumentException("A ViewBatch needs at least one view per pair, got none");
    }
    long b = slots.get(0).voxels().getShape().get(0);
    for (Slot slot : slots) {
      if (slot.voxels().getShape().get(0) != b) {
        throw new IllegalArgumentException(
            "All slots must hold the same number of pairs, got "
                + b
                + " and "
                + slot.voxels().getShape().get(0));
      }
    }
  }

  /**
   * Copies views into arrays.
   *
   * @param manager owns the arrays
   * @param views B lists of V views; the v-th views of all pairs share kind and size
   * @throws IllegalArgumentException when counts, kinds or sizes differ
   */
  public static ViewBatch collate(NDManager manager, List<List<View>> views) {
    if (views.isEmpty()) {
      throw new IllegalArgumentException("views must hold at least one pair, got an empty list");
    }
    int count = views.get(0).size();
    List<Slot> slots = new ArrayList<>();
    for (int v = 0; v < count; v++) {
      slots.add(collateSlot(manager, views, v, count));
    }
    return new ViewBatch(slots);
  }

  private static Slot collateSlot(NDManager manager, List<List<View>> views, int v, int count) {
    View first = views.get(0).get(v);
    Volume like = first.crop();
    List<Affine> affines = new ArrayList<>();
    for (List<View> pair : views) {
      if (pair.size() != count) {
        throw new IllegalArgumentException(
            "Every pair must have the same number of views, got " + count + " and " + pair.size());
      }
      View view = pair.get(v);
      Volume crop = view.crop();
      if (view.kind() != first.kind()
          || crop.depth() != like.depth()
          || crop.height() != like.height()
          || crop.width() != like.width()) {
        throw new IllegalArgumentException(
            "View "
                + v
                + " must have one kind and size in the whole batch, got "
                + first.kind()
                + " "
                + like
                + " and "
                + view.kind()
                + " "
                + crop);
      }
      affines.add(crop.affine());
    }
    List<float[]> crops = views.stream().map(pair -> pair.get(v).crop().voxels()).toList();
    Shape shape = new Shape(views.size(), 1, like.depth(), like.height(), like.width());
    NDArray voxels = Uploads.floats(manager, manager.getDevice(), shape, crops);
    return new Slot(first.kind(), voxels, affines);
  }

  /** The slots, in the order of the sampler's views. */
  public List<Slot> slots() {
    return slots;
  }

  /** B, the number of pairs. */
  public int size() {
    return slots.get(0).affines().size();
  }

  @Override
  public void close() {
    slots.forEach(s -> s.voxels().close());
  }
}

package io.t3d.data.view;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.internal.Uploads;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.IntensityWindow;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Cuts views on a device, where whole volumes are copied once: the views of {@link
 * MultiViewSampler}, to 1e-4 of the volume's range.
 *
 * <p>A crop is a product with a matrix of weights along each axis, {@code W_z · (W_y · (W_x · v))}:
 * trilinear where it enlarges and averaging where it shrinks, which libtorch's {@code grid_sample}
 * does not. Pays where a volume is small or many views are cut of it; a view of a large CT is less
 * to copy than the CT.
 *
 * <pre>{@code
 * DeviceSampler sampler = new DeviceSampler(new MultiViewSampler(config));
 * ViewBatch views = sampler.sample(manager, volumes, seeds);
 * }</pre>
 *
 * <p>Unlike the sampler on the CPU it does not look whether voxels are finite: that would wait for
 * the device.
 */
public final class DeviceSampler {
  private final MultiViewSampler sampler;
  private final Optional<IntensityWindow> window;

  /** Cuts views of volumes as they are. */
  public DeviceSampler(MultiViewSampler sampler) {
    this(sampler, Optional.empty());
  }

  private DeviceSampler(MultiViewSampler sampler, Optional<IntensityWindow> window) {
    this.sampler = Objects.requireNonNull(sampler, "sampler");
    this.window = window;
  }

  /**
   * The same for volumes in HU, which are windowed on the device and copied there as whole numbers
   * of 16 bits, half the bytes. Scanners store whole numbers: such volumes lose nothing. Of others
   * a voxel is off by half a unit at most, {@code 0.5 / width} after the window: 0.00025 for {@link
   * IntensityWindow#chest()}.
   *
   * @param windowed applied to the volumes, which must not be windowed yet
   */
  public DeviceSampler ofHu(IntensityWindow windowed) {
    return new DeviceSampler(sampler, Optional.of(windowed));
  }

  /**
   * Cuts the views of B volumes.
   *
   * @param owner of the views; they lie on its device
   * @param volumes B, finite values; left as they are
   * @param seeds B, each as of {@link MultiViewSampler#sample(Volume, long)}
   * @return one slot for each view of a volume, global ones first
   * @throws IllegalArgumentException when there is no volume, or there are not as many seeds
   */
  public ViewBatch sample(NDManager owner, List<Volume> volumes, List<Long> seeds) {
    if (volumes.isEmpty() || volumes.size() != seeds.size()) {
      throw new IllegalArgumentException(
          "volumes must be at least one and as many as seeds, got "
              + volumes.size()
              + " and "
              + seeds.size());
    }
    int views = sampler.config().views();
    List<NDList> voxels = new ArrayList<>();
    List<List<Affine>> affines = new ArrayList<>();
    List<View.Kind> kinds = new ArrayList<>();
    try (NDManager scope = owner.newSubManager()) {
      for (int b = 0; b < volumes.size(); b++) {
        Volume volume = volumes.get(b);
        Size3 size = new Size3(volume.depth(), volume.height(), volume.width());
        NDArray whole = copy(scope, volume); // (D, H, W)
        List<MultiViewSampler.Cut> cuts = sampler.plan(size, volume.affine(), seeds.get(b));
        for (int v = 0; v < views; v++) {
          if (b == 0) {
            voxels.add(new NDList());
            affines.add(new ArrayList<>());
            kinds.add(cuts.get(v).kind());
          }
          voxels.get(v).add(cut(whole, cuts.get(v)));
          affines.get(v).add(cuts.get(v).crop().affine());
        }
        whole.close();
      }
      List<ViewBatch.Slot> slots = new ArrayList<>();
      for (int v = 0; v < views; v++) {
        NDArray slot = NDArrays.stack(voxels.get(v)).expandDims(1); // (B, 1, D, H, W)
        slot.attach(owner);
        slots.add(new ViewBatch.Slot(kinds.get(v), slot, affines.get(v)));
      }
      return new ViewBatch(slots);
    }
  }

  /** The volume on the manager's device, windowed. */
  private NDArray copy(NDManager scope, Volume volume) {
    Shape shape = new Shape(volume.depth(), volume.height(), volume.width());
    if (window.isEmpty()) {
      return Uploads.floats(scope, scope.getDevice(), shape, List.of(volume.voxels()));
    }
    NDArray hu = Uploads.floatsOf(scope, scope.getDevice(), shape, rounded(volume.voxels()));
    float low = (float) window.get().lower();
    NDArray share = Scalars.divide(Scalars.add(hu, -low), (float) window.get().width());
    return share.clip(0, 1);
  }

  /** To whole numbers; what 16 bits do not hold is far outside any window, and becomes its end. */
  private static short[] rounded(float... voxels) {
    short[] out = new short[voxels.length];
    for (int i = 0; i < voxels.length; i++) {
      if (Float.isNaN(voxels[i])) { // it would be 0 HU
        throw new T3dException(
            T3dException.Kind.INPUT,
            "Voxels must be numbers, got NaN at voxel "
                + i
                + "; correct the file or set Preprocessing.nonFinite to REPLACE_BY_MINIMUM");
      }
      int whole = Math.round(voxels[i]);
      out[i] = (short) Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, whole));
    }
    return out;
  }

  /** {@code (D, H, W)} of the view. */
  private NDArray cut(NDArray whole, MultiViewSampler.Cut cut) {
    NDManager scope = whole.getManager();
    CropResize crop = cut.crop();
    AxisTaps z = crop.taps().get(0);
    AxisTaps y = crop.taps().get(1);
    AxisTaps x = crop.taps().get(2);
    Size3 size = crop.size();
    Shape shape = new Shape(size.depth(), size.height(), size.width());
    NDArray view;
    if (z.end() == 0 || y.end() == 0 || x.end() == 0) {
      view = scope.zeros(shape, DataType.FLOAT32);
    } else {
      NDIndex read =
          new NDIndex()
              .addSliceDim(z.lowest(), z.end())
              .addSliceDim(y.lowest(), y.end())
              .addSliceDim(x.lowest(), x.end());
      NDArray box = whole.get(read); // (d, h, w)
      NDArray rows = box.matMul(matrix(scope, x).transpose()); // (d, h, w) · (w, W) -> (d, h, W)
      NDArray slices = matrix(scope, y).matMul(rows); // (H, h) · (d, h, W) -> (d, H, W)
      NDArray flat = slices.reshape(slices.getShape().get(0), -1); // (d, H·W)
      view = matrix(scope, z).matMul(flat).reshape(shape); // (D, d) · (d, H·W) -> (D, H, W)
    }
    return jittered(view, cut);
  }

  private static NDArray matrix(NDManager scope, AxisTaps taps) {
    Shape shape = new Shape(taps.first.length, taps.end() - (long) taps.lowest());
    return Uploads.floats(scope, scope.getDevice(), shape, List.of(taps.matrix()));
  }

  /** As the sampler on the CPU: brightness, then noise, of the same random numbers. */
  private NDArray jittered(NDArray view, MultiViewSampler.Cut cut) {
    Augmentation a = sampler.config().augmentation();
    float[] brightness = cut.brightness();
    NDArray out = view;
    if (a.intensityScale() > 0 || a.intensityShift() > 0) {
      out = Scalars.add(Scalars.multiply(out, brightness[0]), brightness[1]);
    }
    float[] noise = cut.noise();
    return noise.length == 0
        ? out
        : out.add(
            Uploads.floats(out.getManager(), out.getDevice(), out.getShape(), List.of(noise)));
  }
}

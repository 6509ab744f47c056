package io.t3d.data.prepare;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.transform.CropOrPad;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.OrientAndResample;
import io.t3d.data.transform.Reorient;
import io.t3d.data.transform.ResampleGrid;
import io.t3d.data.transform.ResampleTo;
import io.t3d.data.transform.Transform;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The preprocessing applied to every volume before views are cut, in this order: non-finite voxels,
 * orientation, spacing, intensity window, size. A checkpoint stores it, so that a model is used on
 * volumes prepared as in its training.
 *
 * <p>A step that is absent is left out: {@code Preprocessing.none().withSpacing(…)} resamples and
 * does nothing else. Settings files write it as {@code null}: a key that is forgotten is an error,
 * for volumes in other units would be taken without a sign.
 *
 * @param orientation axis codes of the result, e.g. {@code RAS}; else the file's
 * @param spacing mm per voxel of the result; else the file's, or what the recipe makes of it
 * @param window maps HU to [0, 1]; else values are kept, e.g. of volumes that are prepared already
 * @param size voxels of the result, cut or padded about the centre (with 0 after a window, else
 *     with the smallest value); else what results
 * @param nonFinite what to do with NaN and infinite voxels
 * @param recipe details of a published model; our own way where there are none
 */
public record Preprocessing(
    @JsonProperty(required = true) Optional<String> orientation,
    @JsonProperty(required = true) Optional<Spacing> spacing,
    @JsonProperty(required = true) Optional<IntensityWindow> window,
    @JsonProperty(required = true) Optional<Size3> size,
    NonFinite nonFinite,
    @LeftOutWhenEmpty Optional<Recipe> recipe)
    implements Transform {
  /** What to do with NaN and infinite voxels. */
  public enum NonFinite {
    /** Stop with an error: the file is likely damaged or was derived by a division by zero. */
    FAIL,
    /** Put the smallest finite value of the volume there. */
    REPLACE_BY_MINIMUM
  }

  /** Checks the orientation. */
  public Preprocessing {
    Objects.requireNonNull(spacing, "Preprocessing.spacing");
    Objects.requireNonNull(window, "Preprocessing.window");
    Objects.requireNonNull(size, "Preprocessing.size");
    Objects.requireNonNull(nonFinite, "Preprocessing.nonFinite");
    Objects.requireNonNull(recipe, "Preprocessing.recipe");
    // Its constructor knows which codes are valid.
    orientation = orientation.map(codes -> new Reorient(codes).codes());
  }

  /** In our own way. */
  public Preprocessing(
      Optional<String> orientation,
      Optional<Spacing> spacing,
      Optional<IntensityWindow> window,
      Optional<Size3> size,
      NonFinite nonFinite) {
    this(orientation, spacing, window, size, nonFinite, Optional.empty());
  }

  /** With every step. */
  public Preprocessing(
      String orientation,
      Spacing spacing,
      IntensityWindow window,
      Size3 size,
      NonFinite nonFinite) {
    this(
        Optional.of(orientation),
        Optional.of(spacing),
        Optional.of(window),
        Optional.of(size),
        nonFinite);
  }

  /** Chest CT: RAS, 2 mm, window −1000 to 1000 HU, 320×384×384 mm around the centre. */
  public static Preprocessing chestCt() {
    return new Preprocessing(
        "RAS",
        Spacing.isotropic(2),
        IntensityWindow.chest(),
        new Size3(160, 192, 192),
        NonFinite.FAIL);
  }

  /**
   * The grid of CT-CLIP: 0.75×0.75×1.5 mm, −1000 to 1000 HU, 480×480×240 voxels around the centre.
   *
   * <p>Source: Hamamci et al. 2024, "Developing Generalist Foundation Models from a Multimodal
   * Dataset for 3D Computed Tomography" (arXiv 2403.17834); {@code scripts/data.py} of
   * github.com/ibrahimethemhamamci/CT-CLIP at commit a2a155c: trilinear without antialiasing, clip
   * to [−1000, 1000], divide by 1000, cut or pad about the centre with −1.
   *
   * <p>Differs from that script:
   *
   * <ul>
   *   <li>values are in [0, 1] and padding is 0; {@code 2v − 1} gives its [−1, 1] and −1
   *   <li>sizes are rounded to the nearest voxel and the centre of the scan stays in place; the
   *       script rounds down and stretches the scan to fit
   *   <li>arrays are (z, y, x) of a volume brought to RAS; the script keeps the file's orientation
   *       and gives (z, x, y)
   *   <li>the window comes after resampling in both, as in the script's training code; its
   *       inference code clips first
   * </ul>
   */
  public static Preprocessing ctClip() {
    return new Preprocessing(
        "RAS",
        new Spacing(1.5, 0.75, 0.75),
        IntensityWindow.between(-1000, 1000),
        new Size3(240, 480, 480),
        NonFinite.FAIL);
  }

  /**
   * What CT-CLIP's published weights expect, by its inference code ({@code
   * scripts/data_inference_nii.py} at commit a2a155c): clip to ±1000 HU, resample to 0.75 × 0.75 ×
   * 1.5 mm with sizes rounded down, divide by 1000, cut or pad with −1 about the centre. Arrays
   * there are (z, x, y) of files whose axes run to the left, to the back and up, so that here x
   * runs to the back and y to the left. {@link #ctClip()} is the same grid in our own way, for
   * training.
   */
  public static Preprocessing ctClipPublished() {
    return new Preprocessing(
            "PLS",
            new Spacing(1.5, 0.75, 0.75),
            IntensityWindow.between(-1000, 1000),
            new Size3(240, 480, 480),
            NonFinite.FAIL)
        .withRecipe(
            Recipe.defaults().withGrid(ResampleGrid.EXTENT).withWindowFirst().withScale(2, -1));
  }

  /**
   * Our reading of T3D (Liu et al. 2023, arXiv 2312.01529). What its abstract page tells holds no
   * spacing, range or size, and its code is not public. So this takes the grid and range of CT-CLIP
   * ({@link #ctClip()}), the baseline of CT-RATE, which is part of T3D's data, but no common size:
   * the views are cut from the whole scan at random, and a box about its centre would cut off what
   * reports tell of. If you know the authors' numbers, set them; they are four values.
   */
  public static Preprocessing t3d() {
    return ctClip().withoutSize();
  }

  /** CT of any size and spacing: RAS and window −1000 to 1000 HU only; for phantoms. */
  public static Preprocessing windowOnly() {
    return none().withOrientation("RAS").withWindow(IntensityWindow.chest());
  }

  /** Leaves volumes as they are, e.g. after {@code ./t3d preprocess}. */
  public static Preprocessing none() {
    return new Preprocessing(
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), NonFinite.FAIL);
  }

  /** The same with another orientation, e.g. {@code RAS}. */
  public Preprocessing withOrientation(String codes) {
    return new Preprocessing(Optional.of(codes), spacing, window, size, nonFinite, recipe);
  }

  /** The same with another spacing. */
  public Preprocessing withSpacing(Spacing mm) {
    return new Preprocessing(orientation, Optional.of(mm), window, size, nonFinite, recipe);
  }

  /** The same with another window. */
  public Preprocessing withWindow(IntensityWindow hu) {
    return new Preprocessing(orientation, spacing, Optional.of(hu), size, nonFinite, recipe);
  }

  /** The same with another size. */
  public Preprocessing withSize(Size3 voxels) {
    return new Preprocessing(orientation, spacing, window, Optional.of(voxels), nonFinite, recipe);
  }

  /** The same with whatever size results. */
  public Preprocessing withoutSize() {
    return new Preprocessing(orientation, spacing, window, Optional.empty(), nonFinite, recipe);
  }

  /** The same with another rule for NaN and infinite voxels. */
  public Preprocessing withNonFinite(NonFinite rule) {
    return new Preprocessing(orientation, spacing, window, size, rule, recipe);
  }

  /** The same with the details of a published model. */
  public Preprocessing withRecipe(Recipe details) {
    return new Preprocessing(orientation, spacing, window, size, nonFinite, Optional.of(details));
  }

  /** The recipe, or our own way. */
  public Recipe details() {
    return recipe.orElseGet(Recipe::defaults);
  }

  /**
   * Prepares a volume; the input is left as it is.
   *
   * @throws T3dException when voxels are not finite and that is to fail, or no voxel is finite
   */
  @Override
  public Volume apply(Volume volume) {
    Volume finite = finite(volume);
    return finished(
        voxelSteps(volume.affine()).apply(early().map(w -> w.apply(finite)).orElse(finite)));
  }

  /** The window, where it comes before resampling. */
  private Optional<IntensityWindow> early() {
    return window.filter(w -> details().windowFirst());
  }

  /**
   * Reads and prepares a file: {@code apply(VolumeReaders.read(file))}, but while it is read, which
   * saves the time and memory of the source volume.
   *
   * @throws IOException when the file cannot be read, see {@link VolumeReaders#read(Path)}
   * @throws T3dException as {@link #apply}
   */
  public Volume read(Path file) throws IOException {
    return read(file, Calibration.none());
  }

  /** As {@link #read(Path)}, of a volume whose header does not tell all. */
  public Volume read(Path file, Calibration calibration) throws IOException {
    FiniteSlices slices = new FiniteSlices(this);
    VolumeReaders.read(file, calibration.before(slices));
    // What to do about non-finite voxels takes knowing all of them; such files are rare.
    return slices.finite
        ? finished(slices.volume())
        : apply(calibration.apply(VolumeReaders.read(file)));
  }

  private OrientAndResample voxelSteps(Affine source) {
    return new OrientAndResample(
        orientation,
        spacingOf(source),
        Interpolation.LINEAR,
        window.filter(w -> !details().windowFirst()),
        details().grid());
  }

  /**
   * The spacing that a volume's voxels get, as {@link #spacing()} or the recipe says; empty where
   * the volume keeps its own.
   *
   * @param source the volume's affine
   */
  public Optional<Spacing> spacingOf(Affine source) {
    return spacing.isPresent() ? spacing : details().cubic(source.spacing());
  }

  /** What comes last: the size, and the values' scale. */
  private Volume finished(Volume v) {
    Volume sized = size.isEmpty() ? v : resized(v);
    return details().scaled(sized);
  }

  private Volume resized(Volume v) {
    return details().fit() == Recipe.Fit.RESIZE
        ? new ResampleTo(size.get(), Interpolation.LINEAR).apply(v)
        : new CropOrPad(size.get(), window.isEmpty() ? minimum(v) : 0).apply(v);
  }

  /** Hands slices on until one is not finite. */
  private static final class FiniteSlices implements SliceSink {
    private final Preprocessing preparation;
    private final Optional<IntensityWindow> early;
    private OrientAndResample.@Nullable Slices steps; // once the volume's spacing is known
    private float[] windowed = new float[0];
    private int plane;
    private boolean finite = true;

    FiniteSlices(Preprocessing preparation) {
      this.preparation = preparation;
      this.early = preparation.early();
    }

    Volume volume() {
      return Objects.requireNonNull(steps, "no volume was read").volume();
    }

    @Override
    public void begin(int depth, int height, int width, Affine affine) {
      plane = height * width;
      windowed = early.isPresent() ? new float[plane] : windowed;
      steps = preparation.voxelSteps(affine).slices();
      steps.begin(depth, height, width, affine);
    }

    @Override
    public void slice(int z, float[] voxels, int at) {
      finite &= allFinite(voxels, at, at + plane);
      if (finite && early.isPresent()) {
        for (int i = 0; i < plane; i++) {
          windowed[i] = early.get().map(voxels[at + i]);
        }
        steps.slice(z, windowed, 0);
      } else if (finite) {
        steps.slice(z, voxels, at);
      }
    }

    private static boolean allFinite(float[] voxels, int from, int to) {
      for (int i = from; i < to; i++) {
        if (!Float.isFinite(voxels[i])) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * Brings a mask onto the voxels of the prepared volume: the closest voxel's label, 0 outside.
   *
   * @param mask on the voxels of the volume
   */
  public Volume applyToMask(Volume mask) {
    Volume v = mask;
    v = orientation.isEmpty() ? v : new Reorient(orientation.get()).apply(v);
    Optional<Spacing> mm = spacingOf(mask.affine());
    v = mm.isEmpty() ? v : nearest(mm.get()).apply(v);
    if (size.isEmpty()) {
      return v;
    }
    return details().fit() == Recipe.Fit.RESIZE
        ? new ResampleTo(size.get(), Interpolation.NEAREST).apply(v)
        : new CropOrPad(size.get(), 0).apply(v);
  }

  private OrientAndResample nearest(Spacing mm) {
    return new OrientAndResample(
        Optional.empty(),
        Optional.of(mm),
        Interpolation.NEAREST,
        Optional.empty(),
        details().grid());
  }

  /** Whether volumes are left as they are, as by {@link #none()}. */
  boolean changesNothing() {
    return orientation.isEmpty()
        && spacing.isEmpty()
        && window.isEmpty()
        && size.isEmpty()
        && recipe.isEmpty();
  }

  /** The volume without NaN and infinite voxels; an error when it has them and that is to fail. */
  Volume finite(Volume volume) {
    float[] voxels = volume.voxels();
    int bad = 0;
    for (float v : voxels) {
      bad += Float.isFinite(v) ? 0 : 1;
    }
    if (bad == 0) {
      return volume;
    }
    if (nonFinite == NonFinite.FAIL || bad == voxels.length) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Voxels must be finite, got "
              + bad
              + " of "
              + voxels.length
              + " that are NaN or infinite; correct the file or set Preprocessing.nonFinite to"
              + " REPLACE_BY_MINIMUM");
    }
    float minimum = minimum(volume);
    float[] replaced = voxels.clone();
    for (int i = 0; i < replaced.length; i++) {
      replaced[i] = Float.isFinite(replaced[i]) ? replaced[i] : minimum;
    }
    return volume.withVoxels(replaced);
  }

  /** The smallest finite value. */
  private static float minimum(Volume volume) {
    float minimum = Float.POSITIVE_INFINITY;
    for (float v : volume.voxels()) {
      minimum = Float.isFinite(v) ? Math.min(minimum, v) : minimum;
    }
    return minimum;
  }
}

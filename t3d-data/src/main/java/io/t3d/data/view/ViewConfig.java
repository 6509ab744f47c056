package io.t3d.data.view;

import io.t3d.core.config.Size3;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of the views cut from a volume: how many, how large, and how augmented.
 *
 * <p>Global views should share much of the patient, or the token level of the TMA loss has nothing
 * to match: two crops of at least the fraction s &gt; 0.5 per axis always share {@code 2s − 1} of
 * the volume along each axis, see {@link #guaranteedOverlap()}.
 *
 * @param globalViews number of large crops, ≥ 1; 2 in DINO and SwAV
 * @param globalSize their size in voxels after resizing
 * @param globalScale how much of the volume they cover
 * @param localViews number of small crops, ≥ 0
 * @param localSize their size in voxels after resizing; needed with local views
 * @param localScale how much of the volume they cover; needed with local views
 * @param augmentation changes besides the crop
 * @param wholeScan what a model in use sees instead of the volume resized to {@code globalSize};
 *     for encoders that read views of any size
 */
public record ViewConfig(
    int globalViews,
    Size3 globalSize,
    ScaleRange globalScale,
    int localViews,
    Optional<Size3> localSize,
    Optional<ScaleRange> localScale,
    Augmentation augmentation,
    @LeftOutWhenEmpty Optional<WholeScan> wholeScan) {
  private static final ScaleRange GLOBAL_SCALE = new ScaleRange(0.7, 1.0);

  /** Checks counts and that what is used is there. */
  public ViewConfig {
    if (globalViews < 1) {
      throw new IllegalArgumentException("ViewConfig.globalViews must be >= 1, got " + globalViews);
    }
    if (localViews < 0) {
      throw new IllegalArgumentException("ViewConfig.localViews must be >= 0, got " + localViews);
    }
    Objects.requireNonNull(globalSize, "ViewConfig.globalSize");
    Objects.requireNonNull(globalScale, "ViewConfig.globalScale");
    Objects.requireNonNull(localSize, "ViewConfig.localSize");
    Objects.requireNonNull(localScale, "ViewConfig.localScale");
    Objects.requireNonNull(augmentation, "ViewConfig.augmentation");
    Objects.requireNonNull(wholeScan, "ViewConfig.wholeScan");
    if (localViews > 0 && (localSize.isEmpty() || localScale.isEmpty())) {
      throw new IllegalArgumentException(
          "ViewConfig.localViews = "
              + localViews
              + " needs localSize and localScale, got "
              + localSize.map(Size3::toString).orElse("none")
              + " and "
              + localScale.map(ScaleRange::toString).orElse("none"));
    }
  }

  /** Views of one size, in use too. */
  public ViewConfig(
      int globalViews,
      Size3 globalSize,
      ScaleRange globalScale,
      int localViews,
      Optional<Size3> localSize,
      Optional<ScaleRange> localScale,
      Augmentation augmentation) {
    this(
        globalViews,
        globalSize,
        globalScale,
        localViews,
        localSize,
        localScale,
        augmentation,
        Optional.empty());
  }

  /** Two global views of the given size that cover 0.7 to 1.0 of each axis, mildly augmented. */
  public static ViewConfig global(Size3 size) {
    return new ViewConfig(
        2, size, GLOBAL_SCALE, 0, Optional.empty(), Optional.empty(), Augmentation.mild());
  }

  /** Two global views of 40×40×48 that cover 0.85 to 1.0 of each axis: phantoms on two cores. */
  public static ViewConfig tiny() {
    Size3 size = new Size3(40, 40, 48);
    return global(size).withGlobalViews(2, size, new ScaleRange(0.85, 1.0));
  }

  /** Two global views of 96×96×96. */
  public static ViewConfig global96() {
    return global(Size3.cube(96));
  }

  /** The same with other global views. */
  public ViewConfig withGlobalViews(int count, Size3 size, ScaleRange scale) {
    return toBuilder().globalViews(count).globalSize(size).globalScale(scale).build();
  }

  /** The same with other local views. */
  public ViewConfig withLocalViews(int count, Size3 size, ScaleRange scale) {
    return toBuilder().localViews(count).localSize(size).localScale(scale).build();
  }

  /** The same with another augmentation. */
  public ViewConfig withAugmentation(Augmentation other) {
    return toBuilder().augmentation(other).build();
  }

  /** The same for an encoder that is given whole scans when it is used. */
  public ViewConfig withWholeScan(WholeScan how) {
    return toBuilder().wholeScan(how).build();
  }

  /** V, the number of views per volume. */
  public int views() {
    return globalViews + localViews;
  }

  /**
   * The fraction of each axis that any two global views share for certain, up to rounding to whole
   * voxels: {@code max(0, 2 · globalScale.min − 1)}. They mostly share more.
   */
  public double guaranteedOverlap() {
    return Math.max(0, 2 * globalScale.min() - 1);
  }

  /** A builder that holds {@link #global96()}. */
  public static Builder builder() {
    return global96().toBuilder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings by name. */
  public static final class Builder {
    private int globalViews;
    private Size3 globalSize;
    private ScaleRange globalScale;
    private int localViews;
    private Optional<Size3> localSize;
    private Optional<ScaleRange> localScale;
    private Augmentation augmentation;
    private Optional<WholeScan> wholeScan;

    private Builder(ViewConfig from) {
      globalViews = from.globalViews;
      globalSize = from.globalSize;
      globalScale = from.globalScale;
      localViews = from.localViews;
      localSize = from.localSize;
      localScale = from.localScale;
      augmentation = from.augmentation;
      wholeScan = from.wholeScan;
    }

    /** See {@link ViewConfig#globalViews()}. */
    public Builder globalViews(int value) {
      globalViews = value;
      return this;
    }

    /** See {@link ViewConfig#globalSize()}. */
    public Builder globalSize(Size3 value) {
      globalSize = value;
      return this;
    }

    /** See {@link ViewConfig#globalScale()}. */
    public Builder globalScale(ScaleRange value) {
      globalScale = value;
      return this;
    }

    /** See {@link ViewConfig#localViews()}. */
    public Builder localViews(int value) {
      localViews = value;
      return this;
    }

    /** See {@link ViewConfig#localSize()}. */
    public Builder localSize(Size3 value) {
      localSize = Optional.of(value);
      return this;
    }

    /** See {@link ViewConfig#localScale()}. */
    public Builder localScale(ScaleRange value) {
      localScale = Optional.of(value);
      return this;
    }

    /** See {@link ViewConfig#augmentation()}. */
    public Builder augmentation(Augmentation value) {
      augmentation = value;
      return this;
    }

    /** See {@link ViewConfig#wholeScan()}. */
    public Builder wholeScan(WholeScan value) {
      wholeScan = Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public ViewConfig build() {
      return new ViewConfig(
          globalViews,
          globalSize,
          globalScale,
          localViews,
          localSize,
          localScale,
          augmentation,
          wholeScan);
    }
  }
}

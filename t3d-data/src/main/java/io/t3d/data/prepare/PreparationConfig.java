package io.t3d.data.prepare;

import io.t3d.data.zarr.ZarrOptions;
import java.util.Objects;

/**
 * Settings for preparing a dataset, kept as {@code preprocessing.json} beside the prepared
 * manifest.
 *
 * @param preprocessing what is done to every volume
 * @param storage how the results are stored
 */
public record PreparationConfig(Preprocessing preprocessing, ZarrOptions storage) {
  /** Checks that nothing is missing. */
  public PreparationConfig {
    Objects.requireNonNull(preprocessing, "preprocessing");
    Objects.requireNonNull(storage, "storage");
    if (storage.values() == ZarrOptions.Values.LABELS) {
      throw new IllegalArgumentException(
          "storage.values must be INT16 or FLOAT32, got LABELS, which is for masks");
    }
  }

  /** These steps, stored in the usual way. */
  public static PreparationConfig of(Preprocessing preprocessing) {
    return new PreparationConfig(preprocessing, ZarrOptions.defaults());
  }
}

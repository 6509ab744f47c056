package io.t3d.data.prepare;

import io.t3d.core.config.Configs;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a prepared volume says of how it came about; kept in its attributes. It names no file and no
 * patient.
 *
 * @param format 1
 * @param preprocessing what was done to the source
 * @param source a hash of the settings and of the source's path, length and time of change
 */
record Preparation(int format, Preprocessing preprocessing, String source) {
  /** The format that is written. */
  static final int FORMAT = 1;

  /** Checks that nothing is missing. */
  Preparation {
    Objects.requireNonNull(preprocessing, "preprocessing");
    Objects.requireNonNull(source, "source");
  }

  /**
   * Reads it from a volume's attributes.
   *
   * @return empty when the volume was not written by {@link DatasetPreparation}
   * @throws VolumeFormatException when it is there but cannot be understood
   */
  static Optional<Preparation> of(Path path, ZarrVolume volume) throws VolumeFormatException {
    String text = volume.provenance();
    if (!text.contains("\"preprocessing\"")) {
      return Optional.empty();
    }
    try {
      return Optional.of(Configs.fromJson(text, Preparation.class));
    } catch (IllegalArgumentException e) {
      throw new VolumeFormatException(
          path,
          "its provenance cannot be read, was it written by a newer version? " + e.getMessage(),
          e);
    }
  }

  /** The fields in which two settings differ, e.g. {@code window: A, not B}. */
  static <T extends Record> String differences(T is, T asked) {
    List<String> parts = new ArrayList<>();
    for (RecordComponent component : is.getClass().getRecordComponents()) {
      Object a = value(component, is);
      Object b = value(component, asked);
      if (!Objects.equals(a, b)) {
        parts.add(component.getName() + ": " + shown(a) + ", not " + shown(b));
      }
    }
    return String.join("; ", parts);
  }

  /** As settings files have it: null for what is absent. */
  private static String shown(Object value) {
    return String.valueOf(value instanceof Optional<?> held ? held.orElse(null) : value);
  }

  private static Object value(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}

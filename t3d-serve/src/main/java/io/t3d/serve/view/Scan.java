package io.t3d.serve.view;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.prepare.Masks;
import io.t3d.data.transform.IntensityWindow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A scan and its mask, read.
 *
 * @param name the file's or folder's name
 * @param volume as the library reads it: HU, its geometry
 * @param type how voxels are served without loss
 * @param windows grey values by name, the first ones to start with
 * @param legend of the mask
 */
record Scan(
    String name, Volume volume, PixelType type, List<Window> windows, Optional<MaskLegend> legend) {
  /** What holds air and something denser than water is taken for CT in HU. */
  private static final double AIR = -300;

  private static final double DENSE = 50;

  /**
   * Grey values.
   *
   * @param name of the window
   * @param lower the value that is black, HU
   * @param upper the value that is white, HU
   */
  record Window(String name, double lower, double upper) {
    static Window of(String name, IntensityWindow window) {
      return new Window(name, window.lower(), window.upper());
    }
  }

  /** Reads what the settings name; errors as of {@code VolumeReaders} and {@code Masks}. */
  static Scan read(ViewSettings settings) throws IOException {
    Path path = settings.scan();
    Volume volume = VolumeReaders.read(path);
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    boolean whole = true;
    for (float v : volume.voxels()) {
      if (Float.isFinite(v)) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      whole &= v == (short) v;
    }
    if (low > high) {
      throw new T3dException(T3dException.Kind.INPUT, path + ": no voxel is finite");
    }
    boolean ct = low <= AIR && high >= DENSE;
    Optional<MaskLegend> legend = Optional.empty();
    if (settings.mask().isPresent()) {
      Volume mask = Masks.read(settings.mask().get(), volume, settings.otherGrid());
      legend = Optional.of(MaskLegend.of(mask, settings.labels()));
    }
    Path name = path.toAbsolutePath().normalize().getFileName();
    return new Scan(
        name == null ? path.toString() : name.toString(),
        volume,
        whole ? PixelType.INT16 : PixelType.FLOAT32,
        windows(volume, ct, settings.window()),
        legend);
  }

  private static List<Window> windows(Volume volume, boolean ct, Optional<IntensityWindow> asked) {
    List<Window> all = new ArrayList<>();
    Map<String, IntensityWindow> presets = IntensityWindow.presets();
    IntensityWindow full = IntensityWindow.ofPercentiles(volume);
    if (asked.isPresent()) {
      boolean named = presets.containsValue(asked.get());
      if (!named) {
        String own =
            String.format(Locale.ROOT, "%.0f,%.0f", asked.get().level(), asked.get().width());
        all.add(Window.of(own, asked.get()));
      }
    }
    presets.forEach((name, window) -> all.add(Window.of(name, window)));
    all.add(Window.of("full range", full));
    IntensityWindow first = asked.orElse(ct ? IntensityWindow.softTissue() : full);
    int at = 0;
    while (all.get(at).lower() != first.lower() || all.get(at).upper() != first.upper()) {
      at++;
    }
    all.add(0, all.remove(at));
    return List.copyOf(all);
  }
}

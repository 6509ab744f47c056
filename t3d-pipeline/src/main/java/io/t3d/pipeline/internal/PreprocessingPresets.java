package io.t3d.pipeline.internal;

import io.t3d.core.T3dException;
import io.t3d.core.internal.DidYouMean;
import io.t3d.data.prepare.Preprocessing;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** {@link Preprocessing} presets by name, as given on the command line. */
public final class PreprocessingPresets {
  private static final Map<String, Supplier<Preprocessing>> PRESETS = new LinkedHashMap<>();

  static {
    PRESETS.put("chest-ct", Preprocessing::chestCt);
    PRESETS.put("ct-clip", Preprocessing::ctClip);
    PRESETS.put("ct-clip-published", Preprocessing::ctClipPublished);
    PRESETS.put("t3d", Preprocessing::t3d);
    PRESETS.put("window-only", Preprocessing::windowOnly);
  }

  private PreprocessingPresets() {}

  /** All names. */
  public static Set<String> names() {
    return PRESETS.keySet();
  }

  /**
   * The preset of a name.
   *
   * @throws T3dException naming the known ones and a likely typo
   */
  public static Preprocessing named(String name) {
    Supplier<Preprocessing> preset = PRESETS.get(name);
    if (preset == null) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Unknown preset \""
              + name
              + "\"; known are "
              + String.join(", ", names())
              + DidYouMean.suggest(name, names())
                  .map(s -> "; did you mean \"" + s + "\"?")
                  .orElse(""));
    }
    return preset.get();
  }
}

package io.t3d.cli.option;

import io.t3d.core.internal.DidYouMean;
import io.t3d.data.transform.IntensityWindow;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Takes a window by its name, or as {@code LEVEL,WIDTH} in the units of the voxels. */
public final class WindowConverter implements ITypeConverter<IntensityWindow> {
  private static final Map<String, IntensityWindow> PRESETS = IntensityWindow.presets();

  @Override
  public IntensityWindow convert(String text) {
    String[] numbers = text.split(",", -1);
    if (numbers.length != 2) {
      return named(text);
    }
    try {
      return new IntensityWindow(
          Double.parseDouble(numbers[0].strip()), Double.parseDouble(numbers[1].strip()));
    } catch (NumberFormatException e) {
      throw problem(text, "");
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static IntensityWindow named(String text) {
    IntensityWindow preset = PRESETS.get(text.toLowerCase(Locale.ROOT));
    if (preset == null) {
      String hint = DidYouMean.suggest(text, PRESETS.keySet()).orElse("");
      throw problem(text, hint.isEmpty() ? "" : "; did you mean " + hint + "?");
    }
    return preset;
  }

  private static TypeConversionException problem(String text, String hint) {
    return new TypeConversionException(
        "expected "
            + String.join(", ", PRESETS.keySet())
            + " or LEVEL,WIDTH such as 40,400, got \""
            + text
            + "\""
            + hint);
  }
}

package io.t3d.cli.option;

import io.t3d.core.internal.DidYouMean;
import io.t3d.data.transform.IntensityWindow;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Takes a window by its name, or as {@code LEVEL,WIDTH} in the units of the voxels. */
public final class WindowConverter implements ITypeConverter<IntensityWindow> {
  private static final List<String> NAMES = List.of("chest", "lung", "soft-tissue", "bone");

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
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "chest" -> IntensityWindow.chest();
      case "lung" -> IntensityWindow.lung();
      case "soft-tissue" -> IntensityWindow.softTissue();
      case "bone" -> IntensityWindow.bone();
      default ->
          throw problem(
              text,
              DidYouMean.suggest(text, NAMES).map(n -> "; did you mean " + n + "?").orElse(""));
    };
  }

  private static TypeConversionException problem(String text, String hint) {
    return new TypeConversionException(
        "expected "
            + String.join(", ", NAMES)
            + " or LEVEL,WIDTH such as 40,400, got \""
            + text
            + "\""
            + hint);
  }
}

package io.t3d.cli.option;

import io.t3d.core.T3dException;
import java.util.function.Supplier;

/** Settings made of what the user typed: where they refuse it, the mistake is the user's. */
public final class Given {
  private Given() {}

  /**
   * Makes the settings.
   *
   * @param settings calls constructors of settings with values of options
   * @throws T3dException with the message of the settings' own check
   */
  public static <T> T by(Supplier<T> settings) {
    try {
      return settings.get();
    } catch (IllegalArgumentException e) {
      throw new T3dException(T3dException.Kind.USAGE, e.getMessage(), e);
    }
  }
}

package io.t3d.cli.doctor;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/**
 * One thing that was looked at.
 *
 * @param name of the thing, e.g. {@code libtorch}
 * @param status how it stands
 * @param found version, path or numbers; or why it does not work
 * @param mend the command or step that helps
 */
record Finding(
    String name,
    Status status,
    String found,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Optional<String> mend) {
  /** How a thing stands. */
  enum Status {
    /** It is there and works. */
    OK("ok"),
    /** It is not there, and nothing but speed or an extra hangs on it. */
    LEFT_OUT("-"),
    /** It ought to work here, and does not; T3D works without it. */
    WARNING("warning"),
    /** Without it T3D does not work. */
    FAILED("FAILED");

    private final String shown;

    Status(String shown) {
      this.shown = shown;
    }

    @Override
    public String toString() {
      return shown;
    }
  }

  static Finding ok(String name, String found) {
    return new Finding(name, Status.OK, found, Optional.empty());
  }

  static Finding leftOut(String name, String found, String mend) {
    return new Finding(name, Status.LEFT_OUT, found, Optional.of(mend));
  }

  static Finding warning(String name, String found, String mend) {
    return new Finding(name, Status.WARNING, found, Optional.of(mend));
  }

  static Finding failed(String name, String found, String mend) {
    return new Finding(name, Status.FAILED, found, Optional.of(mend));
  }
}

package io.t3d.cli;

import io.t3d.pipeline.internal.Errors;
import java.io.PrintWriter;

/**
 * Tells the user of an error: in one line what to mend, or that it is a bug and where to report it.
 */
final class ErrorReport {
  private static final String BUG =
      "This looks like a bug in t3d. Please report it with the lines above, but without anything"
          + " that names a patient, at https://github.com/t3d-java/t3d/issues";

  private ErrorReport() {}

  /**
   * Prints an error.
   *
   * @param debug whether the stack trace is printed although the user can mend it
   */
  static void print(Throwable e, boolean debug, PrintWriter err) {
    boolean bug = Errors.kind(e).isEmpty();
    String text = bug ? e.toString() : Errors.describe(e);
    err.println("error: " + text + localeHint(text, System.getProperty("sun.jnu.encoding", "")));
    if (bug || debug) {
      e.printStackTrace(err);
    }
    if (bug) {
      err.println(BUG);
    }
    err.flush();
  }

  /**
   * A word on the locale where it may be the cause: under LC_ALL=C Java cannot name files whose
   * names are not ASCII.
   *
   * @param names how this JVM encodes names of files
   */
  static String localeHint(String text, String names) {
    boolean concerned =
        text.contains("Malformed input")
            || text.contains("unmappable")
            || (text + System.getProperty("user.dir")).chars().anyMatch(c -> c > 127);
    return concerned && !names.isEmpty() && !names.equalsIgnoreCase("UTF-8")
        ? "; the locale's names of files are " + names + ", set LC_ALL=C.UTF-8 and run it again"
        : "";
  }
}

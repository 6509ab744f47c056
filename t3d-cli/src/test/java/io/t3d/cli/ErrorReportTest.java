package io.t3d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.train.DivergedException;
import io.t3d.data.io.spi.ItkMissingException;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.prepare.DataLoadingException;
import io.t3d.pipeline.internal.Errors;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose an error is hangs on its type, but for memory that runs out in libtorch. */
class ErrorReportTest {
  @ParameterizedTest
  @EnumSource(Kind.class)
  void whatTheUserCanMendIsOneLine(Kind kind) {
    assertThat(print(new T3dException(kind, "what; fix"), false)).isEqualTo("error: what; fix\n");
    assertThat(print(new T3dException(kind, "what; fix"), true))
        .startsWith("error: what; fix\nio.t3d.core.T3dException: what; fix\n\tat ")
        .doesNotContain("bug");
  }

  @Test
  void whatNobodyForesawIsABug() {
    for (RuntimeException e :
        new RuntimeException[] {
          new IllegalArgumentException("x must be > 0"),
          new IllegalStateException("closed"),
          new NullPointerException("x"),
          new UnsupportedOperationException("no")
        }) {
      assertThat(print(e, false))
          .startsWith("error: " + e + "\n" + e + "\n\tat io.t3d.cli.ErrorReportTest")
          .endsWith(
              "This looks like a bug in t3d. Please report it with the lines above, but without"
                  + " anything that names a patient, at https://github.com/t3d-java/t3d/issues\n");
    }
  }

  @Test
  void theLocaleIsNamedWhereItMayBeTheCause() {
    String ascii = "ANSI_X3.4-1968";
    assertThat(ErrorReport.localeHint("Malformed input: S??ehir.nii", ascii))
        .isEqualTo(
            "; the locale's names of files are ANSI_X3.4-1968, set LC_ALL=C.UTF-8 and run it"
                + " again");
    assertThat(ErrorReport.localeHint("no such file: \u015eehir.nii", ascii)).isNotEmpty();
    assertThat(ErrorReport.localeHint("no such file: \ufffd.nii", "ISO-8859-1")).isNotEmpty();
    assertThat(ErrorReport.localeHint("no such file: a.nii", ascii)).isEmpty();
    assertThat(ErrorReport.localeHint("no such file: \u015eehir.nii", "UTF-8")).isEmpty();
    assertThat(print(new InvalidPathException("S?", "Malformed input"), false))
        .startsWith("error: ")
        .doesNotContain("bug");
  }

  @Test
  void kindsOfOurExceptions() {
    Path file = Path.of("a.nii");
    assertThat(Errors.kind(new VolumeFormatException(file, "cut"))).hasValue(Kind.INPUT);
    assertThat(Errors.kind(new ItkMissingException())).hasValue(Kind.ENVIRONMENT);
    assertThat(Errors.kind(new DivergedException("NaN"))).hasValue(Kind.USAGE);
    assertThat(Errors.kind(new DataLoadingException("x", new ItkMissingException())))
        .hasValue(Kind.ENVIRONMENT);
    assertThat(Errors.kind(new DataLoadingException("x", new IOException("cut"))))
        .hasValue(Kind.INPUT);
  }

  @Test
  void theWorldOutsideIsNoBug() {
    NoSuchFileException gone = new NoSuchFileException("a.nii");
    assertThat(Errors.kind(new UncheckedIOException(gone))).hasValue(Kind.INPUT);
    assertThat(print(new UncheckedIOException(gone), false))
        .isEqualTo("error: no such file or folder: a.nii\n");
    assertThat(print(new IOException("No space left on device"), false))
        .isEqualTo("error: No space left on device\n");
    assertThat(print(new OutOfMemoryError("Java heap space"), false))
        .isEqualTo(
            "error: out of memory: Java heap space; give Java more with T3D_JAVA_OPTS=-Xmx8g, or"
                + " lower the batch size\n");
  }

  @Test
  void aGpusMemoryThatRunsOutIsNoBug() {
    assertThat(print(new EngineException("CUDA out of memory. Tried to allocate 2.00 GiB."), false))
        .isEqualTo(
            "error: the GPU's memory is full: 2.00 GiB more wanted; end other programs that use it,"
                + " lower the batch size, or take another device with --device\n");
    assertThat(Errors.kind(new EngineException("CUDA error: misaligned address"))).isEmpty();
  }

  @Test
  void theVersionIsPrinted() {
    StringWriter out = new StringWriter();
    assertThat(T3dCommand.run(new PrintWriter(out), new PrintWriter(out), "--version")).isZero();
    assertThat(out.toString())
        .matches("t3d (development|\\d+\\.\\d+\\.\\d+\\S*)\\Rjava \\S+, .+\\R");
  }

  private static String print(Throwable e, boolean debug) {
    StringWriter out = new StringWriter();
    ErrorReport.print(e, debug, new PrintWriter(out));
    return out.toString();
  }
}

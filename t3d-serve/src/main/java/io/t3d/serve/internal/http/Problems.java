package io.t3d.serve.internal.http;

import io.javalin.http.HttpResponseException;
import io.t3d.core.T3dException.Kind;
import io.t3d.data.dicomweb.DicomWebException;
import io.t3d.pipeline.internal.Errors;
import io.t3d.serve.internal.Problem;
import io.t3d.serve.internal.Refusal;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.BadMessageException;
import org.eclipse.jetty.io.EofException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns errors into problems: whose error it is decides the status, and the words stay. */
final class Problems {
  private static final Logger LOG = LoggerFactory.getLogger(Problems.class);
  private static final int SHOWN_FRAMES = 12;

  private Problems() {}

  /**
   * The problem of an error.
   *
   * @param words takes folders of this machine out of a message
   */
  static Problem.Answer of(Throwable e, String requestId, UnaryOperator<String> words) {
    if (e instanceof Refusal refusal) {
      return answer(refusal.status(), e.getMessage(), requestId, refusal.retryAfter());
    }
    if (e instanceof HttpResponseException http) {
      return answer(http.getStatus(), http.getMessage(), requestId, OptionalInt.empty());
    }
    if (e instanceof EofException || e instanceof BadMessageException) {
      return answer(400, "the request ends before its end", requestId, OptionalInt.empty());
    }
    if (e instanceof DicomWebException archive) {
      LOG.warn("request {}: {}", requestId, archive.getMessage());
      return answer(gateway(archive), ofArchive(archive), requestId, OptionalInt.empty());
    }
    Optional<Kind> kind = Errors.kind(e);
    if (kind.isEmpty()) {
      bug(e, requestId);
      return answer(
          500,
          "this looks like a bug in t3d; report it with what the service's log says of this"
              + " request",
          requestId,
          OptionalInt.empty());
    }
    String detail = words.apply(Errors.describe(e));
    if (e instanceof NoSuchFileException) {
      return answer(404, detail, requestId, OptionalInt.empty());
    }
    return switch (kind.get()) {
      case INPUT -> answer(422, detail, requestId, OptionalInt.empty());
      case USAGE -> answer(400, detail, requestId, OptionalInt.empty());
      case ENVIRONMENT -> answer(503, detail, requestId, OptionalInt.of(10));
    };
  }

  /** Of a service that asks another one for its client. */
  private static int gateway(DicomWebException e) {
    return switch (e.reason()) {
      case NOT_THERE -> 404;
      case TOO_LARGE -> 413;
      case TIMED_OUT -> 504;
      case OTHER -> 502;
    };
  }

  /** For clients, to whom the archive has no address; the log has the exception's own words. */
  private static String ofArchive(DicomWebException e) {
    return switch (e.reason()) {
      case NOT_THERE -> "the archive does not have this series; are study and series right?";
      case TOO_LARGE -> e.getMessage(); // a number and a bound
      case TIMED_OUT -> "the archive did not give the series in time; try again later";
      case OTHER ->
          (switch (e.status()) {
                case 0 -> "the archive cannot be reached, or what it answers is no whole series";
                case 401, 403 -> "the archive refuses the login of this service";
                default -> "the archive refuses with status " + e.status();
              })
              + "; try again later, or look into this service's log for this request";
    };
  }

  private static Problem.Answer answer(
      int status, String detail, String requestId, OptionalInt retryAfter) {
    return new Problem.Answer(Problem.of(status, detail, requestId), retryAfter);
  }

  /** Types and places only: a message may hold words of a report or a patient's name. */
  private static void bug(Throwable e, String requestId) {
    LOG.error(
        "request {} failed: {} at {}",
        requestId,
        e.getClass().getName(),
        Arrays.stream(e.getStackTrace())
            .limit(SHOWN_FRAMES)
            .map(StackTraceElement::toString)
            .collect(Collectors.joining(" < ")));
  }
}

package io.t3d.data.dicomweb;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.data.dicomweb.internal.SilenceGuard;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;

/** Talks to an archive over HTTP: what fails in passing is tried again, what is refused is told. */
final class ArchiveConnection {
  private static final Set<Integer> PASSING = Set.of(429, 500, 502, 503, 504);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration CONNECT = Duration.ofSeconds(20);
  private static final int LONGEST_JSON = 64 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final DicomWebSettings settings;
  private final HttpClient http;

  ArchiveConnection(DicomWebSettings settings) {
    this.settings = settings;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER) // they would take the credentials along
            .connectTimeout(CONNECT)
            .build();
  }

  /** A request for a path below the address, with the credentials. */
  HttpRequest.Builder request(String path) {
    URI uri = URI.create(settings.base().toString().replaceFirst("/+$", "") + "/" + path);
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(settings.silence());
    settings.credentials().header().ifPresent(h -> request.header("Authorization", h));
    return request;
  }

  /** Sends it once. */
  HttpResponse<InputStream> send(HttpRequest request) throws IOException {
    try {
      return http.send(request, BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while waiting for " + host());
    }
  }

  /** The body, which fails when it falls silent. */
  InputStream guarded(HttpResponse<InputStream> answer) {
    return new SilenceGuard(
        answer.body(), settings.silence(), new TimeLeft(RetrieveLimits.none().within()).end());
  }

  /** What may be asked for again. */
  interface Attempt<T> {
    T make() throws IOException;
  }

  /** Tries until it is done or attempts are used up. */
  <T> T retrying(String what, Attempt<T> attempt) throws IOException {
    return retrying(what, attempt, new TimeLeft(RetrieveLimits.none().within()));
  }

  /**
   * Tries until it is done, attempts or time are used up. What the archive answered last is then
   * the error: that there is no time to ask again says less.
   */
  <T> T retrying(String what, Attempt<T> attempt, TimeLeft time) throws IOException {
    Duration pause = settings.pause();
    Optional<DicomWebException> answered = Optional.empty();
    for (int n = 1; ; n++) {
      DicomWebException failure;
      try {
        return attempt.make();
      } catch (DicomWebException e) {
        if (!PASSING.contains(e.status())) {
          throw e;
        }
        answered = Optional.of(e);
        failure = e;
      } catch (InterruptedIOException | FileSystemException e) {
        throw e;
      } catch (SSLException e) {
        throw new DicomWebException(
            0,
            "No TLS connection to "
                + host()
                + ": "
                + e.getMessage()
                + "; does the JDK's trust store have its certificate's issuer (keytool -importcert"
                + " -cacerts)?",
            e);
      } catch (IOException e) {
        boolean late = e instanceof HttpTimeoutException ? !time.allows(pause) : time.isOver();
        failure = late ? answered.orElse(tooSlow(what, time, e)) : lost(what, n, e);
        if (isUnknownHost(e)) {
          throw failure;
        }
      }
      if (n >= settings.attempts() || !time.allows(pause)) {
        throw failure;
      }
      sleep(pause);
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
  }

  private DicomWebException tooSlow(String what, TimeLeft time, IOException e) {
    return new DicomWebException(
        DicomWebException.Reason.TIMED_OUT,
        host() + " did not give " + what + " within " + time.seconds() + "; try again later",
        e);
  }

  private static boolean isUnknownHost(IOException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof UnresolvedAddressException) {
        return true;
      }
    }
    return false;
  }

  private DicomWebException lost(String what, int attempts, IOException e) {
    String times = attempts == 1 ? "" : " (" + attempts + " attempts)";
    if (isUnknownHost(e)) {
      return new DicomWebException(
          0, "There is no host " + settings.base().getHost() + "; is the address right?", e);
    }
    if (e instanceof ConnectException) {
      return new DicomWebException(
          0,
          "Nothing answers at "
              + host()
              + times
              + "; is the address right and the service running?",
          e);
    }
    String why =
        e instanceof EOFException || e.getMessage() == null
            ? "the answer was cut off"
            : e.getMessage();
    return new DicomWebException(
        e instanceof HttpTimeoutException
            ? DicomWebException.Reason.TIMED_OUT
            : DicomWebException.Reason.OTHER,
        host() + ": the connection was lost at " + what + times + ": " + why,
        e);
  }

  private static void sleep(Duration pause) throws InterruptedIOException {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted between two attempts");
    }
  }

  /** Refuses what was not answered with 200. */
  void requireOk(HttpResponse<InputStream> answer, InputStream body, String what)
      throws IOException {
    int status = answer.statusCode();
    if (status == 200) {
      return;
    }
    body.readNBytes(1 << 16); // lets the connection be used again; its text may name a patient
    throw new DicomWebException(
        status,
        host()
            + " refuses "
            + what
            + " with status "
            + status
            + switch (status) {
              case 401, 403 ->
                  ": credentials are missing or wrong; give --auth-basic or --auth-bearer";
              case 404, 410 -> ": it is not there; is the address right, or was it removed?";
              case 400, 406, 415 -> ": it does not understand the request";
              case 301, 302, 303, 307, 308 ->
                  ": it sends to another address, which is not followed; give that one";
              default -> PASSING.contains(status) ? "; try again later" : "";
            });
  }

  /** A body that must be an array of DICOM JSON. */
  JsonNode json(InputStream body) throws IOException {
    try {
      JsonNode all = JSON.readTree(text(body));
      if (all != null && all.isArray()) {
        return all;
      }
      throw new DicomWebException(0, noJson());
    } catch (JsonProcessingException e) {
      throw new DicomWebException(0, noJson(), e);
    }
  }

  private String noJson() {
    return host()
        + " answered a search with what is no DICOM JSON; is this the address of a DICOMweb"
        + " service (often it ends with /dicom-web)?";
  }

  /** A body of bounded length. */
  String text(InputStream body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] buffer = new byte[1 << 16];
    for (int n; (n = body.read(buffer)) >= 0; ) {
      out.write(buffer, 0, n);
      if (out.size() > LONGEST_JSON) {
        throw new DicomWebException(0, host() + " answered with more than 64 MiB of JSON");
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Name and port, for messages. */
  String host() {
    URI base = settings.base();
    return base.getHost() + (base.getPort() < 0 ? "" : ":" + base.getPort());
  }
}

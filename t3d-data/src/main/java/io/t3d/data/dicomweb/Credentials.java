package io.t3d.data.dicomweb;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;

/** How the client proves who it is. It never prints its secret. */
public final class Credentials {
  private static final int LONGEST = 1 << 16;
  private static final Credentials NONE = new Credentials("");

  private final String header;

  private Credentials(String header) {
    this.header = header;
  }

  /** Nothing is sent. */
  public static Credentials none() {
    return NONE;
  }

  /** HTTP's basic authentication. */
  public static Credentials basic(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return new Credentials("Basic " + Base64.getEncoder().encodeToString(both));
  }

  /**
   * A bearer token, as OAuth 2 gives.
   *
   * @throws T3dException when it has other characters than such tokens have
   */
  public static Credentials bearer(String token) {
    if (!token.matches("[A-Za-z0-9._~+/=-]+")) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A bearer token is letters, digits and ._~+/=- without spaces; the one given is not");
    }
    return new Credentials("Bearer " + token);
  }

  /**
   * Of a file with one line {@code user:password}.
   *
   * @throws IOException when it cannot be read
   * @throws T3dException when it holds anything else
   */
  public static Credentials basicFrom(Path file) throws IOException {
    String line = onlyLine(file, "user:password");
    int colon = line.indexOf(':');
    if (colon < 1) {
      throw new T3dException(
          T3dException.Kind.USAGE, file + " must hold one line user:password, but has no colon");
    }
    return basic(line.substring(0, colon), line.substring(colon + 1));
  }

  /**
   * Of a file with one line, the token.
   *
   * @throws IOException when it cannot be read
   */
  public static Credentials bearerFrom(Path file) throws IOException {
    return bearer(onlyLine(file, "the token"));
  }

  private static String onlyLine(Path file, String what) throws IOException {
    if (Files.size(file) > LONGEST) {
      throw new T3dException(
          T3dException.Kind.USAGE, file + " must hold one line, " + what + "; it is too long");
    }
    String text = Files.readString(file).strip();
    if (text.isEmpty() || text.lines().count() != 1) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          file + " must hold one line, " + what + ", got " + text.lines().count() + " lines");
    }
    return text;
  }

  /** The value of the header Authorization. */
  Optional<String> header() {
    return header.isEmpty() ? Optional.empty() : Optional.of(header);
  }

  @Override
  public String toString() {
    return header.isEmpty() ? "no credentials" : header.substring(0, header.indexOf(' ')) + " …";
  }
}

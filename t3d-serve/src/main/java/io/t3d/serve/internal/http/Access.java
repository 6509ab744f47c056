package io.t3d.serve.internal.http;

import io.t3d.serve.internal.Refusal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/** Asks for the token, where there is one. */
final class Access {
  private static final String SCHEME = "Bearer ";

  private final Optional<byte[]> digest;

  Access(Optional<String> token) {
    this.digest = token.map(Access::digest);
  }

  /**
   * Refuses a request without the token. Digests are compared, in a time that tells neither where
   * they differ nor how long the token is.
   *
   * @param header {@code Authorization}; empty when there is none
   */
  void require(Optional<String> header) {
    if (digest.isEmpty()) {
      return;
    }
    String given =
        header
            .filter(h -> h.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
            .map(h -> h.substring(SCHEME.length()).strip())
            .orElse("");
    if (!MessageDigest.isEqual(digest(given), digest.get())) {
      throw Refusal.of(
          401, "this service needs its token: send the header Authorization: Bearer TOKEN");
    }
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}

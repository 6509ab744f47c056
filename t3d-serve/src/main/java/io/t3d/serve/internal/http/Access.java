package io.t3d.serve.internal.http;

import io.t3d.serve.internal.Refusal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Asks for the token, where there is one. */
final class Access {
  private static final String SCHEME = "Bearer ";

  private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

  private final Optional<byte[]> digest;
  private final String host;

  Access(Optional<String> token, String host) {
    this.digest = token.map(Access::digest);
    this.host = host.contains(":") ? "[" + host + "]" : host;
  }

  /**
   * Without a token, refuses what a page of another site sends: a name that leads here only since
   * its owner says so (DNS rebinding), and requests across origins.
   *
   * @param named the header {@code Host}; empty when there is none
   * @param origin the header {@code Origin}; empty when there is none
   */
  void requireThisSite(Optional<String> named, Optional<String> origin) {
    if (digest.isPresent()) {
      return; // a page that does not know the token gets nowhere
    }
    boolean here =
        named.filter(this::isHere).isPresent()
            && origin.map(o -> o.replaceFirst("^https?://", "")).filter(o -> !isHere(o)).isEmpty();
    if (!here) {
      throw Refusal.of(
          403,
          "without a token this service answers only to "
              + host
              + " and localhost, and to no page of another site; give it a --token-file");
    }
  }

  private boolean isHere(String name) {
    String bare = name.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
    return bare.equals(host) || THIS_MACHINE.contains(bare);
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

package io.t3d.serve.view;

import io.javalin.http.Context;
import io.t3d.serve.internal.Refusal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/**
 * Lets in who knows the address. The server is bound to this machine, but other users of it, and
 * pages in the same browser, can reach its port too: the address holds a random token, and the
 * {@code Host} header must name this machine, so that no foreign name can be bound to it (DNS
 * rebinding).
 */
final class Gate {
  private static final int TOKEN_BYTES = 24;

  /** Nothing is loaded from elsewhere, stored, framed, or told to other pages. */
  private static final Map<String, String> HEADERS =
      Map.of(
          "Content-Security-Policy",
          // NiiVue carries the picture of its letters as a data: address.
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
              + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          "Cache-Control",
          "no-store",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "X-Frame-Options",
          "DENY");

  private final String token;

  private Gate(String token) {
    this.token = token;
  }

  static Gate random() {
    byte[] bytes = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(bytes);
    return new Gate(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** The first part of the path of every address. */
  String token() {
    return token;
  }

  /** Sets the headers of an answer, and refuses requests that come from elsewhere. */
  void check(Context request, int port) {
    HEADERS.forEach(request::header);
    String host = String.valueOf(request.header("Host"));
    if (!Set.of("127.0.0.1:" + port, "localhost:" + port).contains(host)) {
      throw Refusal.of(
          403, "The viewer answers to 127.0.0.1:" + port + " only; open the address it printed");
    }
    String[] path = request.path().split("/", 3);
    if (path.length < 2 || !isToken(path[1])) {
      throw Refusal.of(
          403, "The address lacks the viewer's token; open the address that t3d view printed");
    }
  }

  /** In a time that does not depend on how much of it is right. */
  private boolean isToken(String given) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
  }
}

package io.t3d.serve.internal.http;

import io.t3d.serve.internal.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.UUID;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ErrorHandler;

/** Problems of requests that Jetty refuses before they reach an endpoint. */
final class ProblemPages extends ErrorHandler {
  @Override
  public void handle(
      String target, Request base, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    base.setHandled(true);
    int status = response.getStatus();
    String id = UUID.randomUUID().toString();
    response.setContentType(Problem.MEDIA_TYPE);
    response.setHeader("X-Request-Id", id);
    response
        .getOutputStream()
        .write(Json.bytes(Problem.of(status, "this is not a request that can be read", id)));
  }
}

package io.t3d.serve.internal.http;

import io.javalin.http.HandlerType;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * One endpoint: what is registered and what OpenAPI says of it are made of the same record.
 *
 * @param method GET or POST
 * @param path without parameters
 * @param summary one line
 * @param input how the request comes
 * @param request what it asks for; empty for GET
 * @param answer its type; empty when it is not JSON
 * @param mediaType of the answer
 * @param problems statuses of its problems
 * @param action makes the answer
 */
record Route(
    HandlerType method,
    String path,
    String summary,
    Input input,
    Optional<Class<?>> request,
    Optional<Class<?>> answer,
    String mediaType,
    List<Integer> problems,
    Action action) {
  /** How a request comes. */
  enum Input {
    NONE,
    JSON,
    VOLUME
  }

  /** Makes the answer of a request. */
  @FunctionalInterface
  interface Action {
    /** A record, which is written as JSON, or bytes, or a string. */
    Object answer(Exchange exchange) throws IOException;
  }

  /** A page that is always there. */
  static Route get(
      String path, String summary, Optional<Class<?>> answer, String mediaType, Action action) {
    return new Route(
        HandlerType.GET,
        path,
        summary,
        Input.NONE,
        Optional.empty(),
        answer,
        mediaType,
        List.of(),
        action);
  }
}

package io.t3d.cli.watch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** MLflow's server as far as its REST API documents what a training needs, with its limits. */
final class FakeMlflow implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BASE = "/api/2.0/mlflow/";

  /** What the server knows of a run. */
  static final class Run {
    final Map<String, String> params = new LinkedHashMap<>();
    final List<JsonNode> metrics = new ArrayList<>();
    String experiment = "";
    String name = "";
    String status = "RUNNING";
    long ended;
  }

  final Map<String, String> experiments = new LinkedHashMap<>(); // name → id
  final Map<String, Run> runs = new LinkedHashMap<>();
  private final List<String> calls = new ArrayList<>();
  final List<String> bodies = new ArrayList<>();
  final Deque<Integer> failures = new ArrayDeque<>(); // statuses of the next answers
  String token = "";
  private final HttpServer http;

  FakeMlflow() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/", this::handle);
    http.start();
  }

  URI address() {
    return URI.create("http://localhost:" + http.getAddress().getPort() + "/");
  }

  /** What was asked, in order; batches of metrics are marked. */
  synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    Refusal(int status, String code) {
      super(code);
      this.status = status;
    }
  }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    calls.add(path.replace(BASE, "") + (body.contains("\"metrics\"") ? " metrics" : ""));
    bodies.add(body);
    try {
      if (!failures.isEmpty()) {
        throw new Refusal(failures.pop(), "TEMPORARILY_UNAVAILABLE");
      }
      String given = exchange.getRequestHeaders().getFirst("Authorization");
      if (!token.isEmpty() && !("Bearer " + token).equals(given)) {
        throw new Refusal(401, "UNAUTHENTICATED");
      }
      JsonNode asked = body.isEmpty() ? JSON.createObjectNode() : JSON.readTree(body);
      answer(exchange, 200, answer(path.replace(BASE, ""), exchange.getRequestURI(), asked));
    } catch (Refusal e) {
      ObjectNode why = JSON.createObjectNode().put("error_code", e.getMessage());
      answer(exchange, e.status, why.put("message", "no"));
    }
  }

  private static void answer(HttpExchange exchange, int status, JsonNode body) throws IOException {
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private ObjectNode answer(String call, URI uri, JsonNode asked) throws Refusal {
    ObjectNode out = JSON.createObjectNode();
    switch (call) {
      case "experiments/get-by-name" -> {
        String query = URLDecoder.decode(uri.getRawQuery(), StandardCharsets.UTF_8);
        String name = query.replace("experiment_name=", "");
        if (!experiments.containsKey(name)) {
          throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST");
        }
        out.putObject("experiment").put("experiment_id", experiments.get(name)).put("name", name);
      }
      case "experiments/create" -> {
        String id = Integer.toString(experiments.size() + 1);
        if (experiments.putIfAbsent(need(asked, "name").asText(), id) != null) {
          throw new Refusal(400, "RESOURCE_ALREADY_EXISTS");
        }
        out.put("experiment_id", id);
      }
      case "runs/create" -> {
        Run run = new Run();
        run.experiment = need(asked, "experiment_id").asText();
        run.name = asked.path("run_name").asText();
        if (!experiments.containsValue(run.experiment) || need(asked, "start_time").asLong() < 1) {
          throw new Refusal(400, "INVALID_PARAMETER_VALUE");
        }
        String id = "run" + runs.size();
        runs.put(id, run);
        out.putObject("run").putObject("info").put("run_id", id).put("status", "RUNNING");
      }
      case "runs/log-batch" -> log(run(asked), asked);
      case "runs/update" -> {
        Run run = run(asked);
        run.status = need(asked, "status").asText();
        run.ended = asked.path("end_time").asLong();
      }
      default -> throw new Refusal(404, "ENDPOINT_NOT_FOUND");
    }
    return out;
  }

  private static JsonNode need(JsonNode asked, String key) throws Refusal {
    if (!asked.has(key)) {
      throw new Refusal(400, "INVALID_PARAMETER_VALUE");
    }
    return asked.get(key);
  }

  private Run run(JsonNode asked) throws Refusal {
    Run run = runs.get(need(asked, "run_id").asText());
    if (run == null) {
      throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST");
    }
    return run;
  }

  private static void log(Run run, JsonNode asked) throws Refusal {
    JsonNode metrics = asked.path("metrics");
    JsonNode params = asked.path("params");
    if (metrics.size() > 1000 || params.size() > 100 || metrics.size() + params.size() == 0) {
      throw new Refusal(400, "INVALID_PARAMETER_VALUE");
    }
    for (JsonNode metric : metrics) {
      boolean whole =
          need(metric, "key").isTextual()
              && need(metric, "value").isNumber()
              && need(metric, "timestamp").isIntegralNumber()
              && need(metric, "step").isIntegralNumber();
      if (!whole) {
        throw new Refusal(400, "INVALID_PARAMETER_VALUE");
      }
      run.metrics.add(metric);
    }
    for (JsonNode param : params) {
      String value = need(param, "value").asText();
      String before = run.params.put(need(param, "key").asText(), value);
      if (value.length() > 500 || (before != null && !before.equals(value))) {
        throw new Refusal(400, "INVALID_PARAMETER_VALUE");
      }
    }
  }

  @Override
  public void close() {
    http.stop(0);
  }
}

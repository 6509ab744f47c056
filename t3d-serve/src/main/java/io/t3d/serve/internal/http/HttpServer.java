package io.t3d.serve.internal.http;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.config.TlsFiles;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Problem;
import io.t3d.serve.internal.input.AllowedRoot;
import io.t3d.serve.internal.input.Archive;
import io.t3d.serve.internal.input.Uploads;
import io.t3d.serve.internal.model.ModelService;
import io.t3d.serve.internal.work.Door;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import nl.altindag.ssl.SSLFactory;
import nl.altindag.ssl.pem.util.PemUtils;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service's HTTP side: gives each request an id, asks for the token, lets requests in by the
 * door, and turns errors into problems. What it logs of a request is its id, endpoint, status and
 * time, and nothing that came with it.
 */
public final class HttpServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  private static final String ID = "t3d.id";
  private static final String SINCE = "t3d.since";

  /** Threads beside those of requests in the house: for the ones that are told to come back. */
  private static final int SPARE_THREADS = 16;

  /**
   * Bytes that are taken from a connection at a time. Each time the request's thread waits for
   * another one to tell it of more, which with Jetty's 8 KiB takes longer than the copy.
   */
  private static final int INPUT_BYTES = 1 << 16;

  private final ServeSettings settings;
  private final Door door;
  private final Metrics metrics;
  private final Access access;
  private final Uploads uploads;
  private final Exchange.Sources sources;
  private final List<Route> routes;
  private final QueuedThreadPool threads;
  private final Javalin app;

  /**
   * Starts to listen.
   *
   * @param checkpoint where the model was opened, for its card
   * @throws IOException when a folder or a file of the settings cannot be read, or the port is
   *     taken
   */
  public HttpServer(
      ServeSettings settings,
      ModelService service,
      Door door,
      Metrics metrics,
      Optional<Path> checkpoint)
      throws IOException {
    this.settings = settings;
    this.door = door;
    this.metrics = metrics;
    this.access = new Access(settings.token(), settings.host());
    this.uploads = new Uploads(settings.upload());
    this.sources =
        new Exchange.Sources(
            new AllowedRoot(settings.root()), new Archive(settings.archive(), settings.upload()));
    Answers.Card card = ModelCards.of(service.parts(), checkpoint);
    this.routes = routes(service, card);
    this.threads = new QueuedThreadPool(settings.queue() + SPARE_THREADS);
    this.app = Javalin.create(this::configure);
    app.before(this::begin);
    routes.forEach(r -> app.addHttpHandler(r.method(), r.path(), ctx -> serve(r, ctx)));
    app.exception(
        HttpResponseException.class, (e, ctx) -> problem(ctx, e, UnaryOperator.identity()));
    app.exception(Exception.class, (e, ctx) -> problem(ctx, e, UnaryOperator.identity()));
    app.after(this::end);
    try {
      app.start();
    } catch (RuntimeException e) {
      app.stop();
      throw new IOException(
          "The service cannot listen on "
              + settings.host()
              + ":"
              + settings.port()
              + " ("
              + rootMessage(e)
              + "); choose another --port or --host",
          e);
    }
  }

  private static String rootMessage(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage();
  }

  private List<Route> routes(ModelService service, Answers.Card card) {
    List<Route> all = new ArrayList<>(new Routes(service).all());
    all.add(
        Route.get(
            Routes.HEALTH,
            "Whether the service takes requests; needs no token",
            Optional.of(Answers.Health.class),
            Json.MEDIA_TYPE,
            this::health));
    all.add(
        Route.get(
            "/metrics",
            "Counters for Prometheus",
            Optional.empty(),
            Metrics.MEDIA_TYPE,
            exchange -> metrics.scrape()));
    all.add(
        Route.get(
            "/v1/model",
            "What the model is: provenance, preparation, prompts, licence",
            Optional.of(Answers.Card.class),
            Json.MEDIA_TYPE,
            exchange -> card));
    List<Route> described = new ArrayList<>(all);
    byte[][] document = new byte[1][];
    described.add(
        Route.get(
            "/openapi.json",
            "This description",
            Optional.empty(),
            Json.MEDIA_TYPE,
            exchange -> document[0]));
    document[0] = Json.bytes(OpenApi.of(described, settings.token().isPresent()));
    return List.copyOf(described);
  }

  private Object health(Exchange exchange) {
    boolean open = door.isOpen();
    exchange.ctx().status(open ? 200 : 503);
    return new Answers.Health(open ? "ok" : "stopping");
  }

  private void configure(io.javalin.config.JavalinConfig config) {
    config.showJavalinBanner = false;
    config.http.prefer405over404 = true;
    config.http.disableCompression();
    config.http.defaultContentType = Json.MEDIA_TYPE;
    threads.setName("t3d-serve-http");
    config.jetty.threadPool = threads;
    config.jetty.modifyServer(server -> server.setErrorHandler(new ProblemPages()));
    config.jetty.modifyHttpConfiguration(
        http -> {
          http.setSendServerVersion(false);
          http.setSendDateHeader(false);
        });
    config.jetty.addConnector(this::connector);
  }

  private Connector connector(Server server, HttpConfiguration http) {
    HttpConnectionFactory plain = new HttpConnectionFactory(http);
    plain.setInputBufferSize(INPUT_BYTES);
    ServerConnector connector =
        settings.tls().isPresent()
            ? new ServerConnector(server, tls(settings.tls().get(), plain), plain)
            : new ServerConnector(server, plain);
    connector.setHost(settings.host());
    connector.setPort(settings.port());
    connector.setIdleTimeout(settings.timeout().toMillis());
    return connector;
  }

  private static SslConnectionFactory tls(TlsFiles files, HttpConnectionFactory next) {
    SSLFactory ssl =
        SSLFactory.builder()
            .withIdentityMaterial(PemUtils.loadIdentityMaterial(files.certificate(), files.key()))
            .withProtocols("TLSv1.3", "TLSv1.2")
            .build();
    SslContextFactory.Server context = new SslContextFactory.Server();
    context.setSslContext(ssl.getSslContext());
    context.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    return new SslConnectionFactory(context, next.getProtocol());
  }

  private void begin(Context ctx) {
    ctx.attribute(SINCE, System.nanoTime());
    ctx.attribute(ID, UUID.randomUUID().toString());
    ctx.header("X-Request-Id", id(ctx));
    ctx.header("Cache-Control", "no-store");
    ctx.header("X-Content-Type-Options", "nosniff");
    if (!ctx.path().equals(Routes.HEALTH)) {
      access.requireThisSite(
          Optional.ofNullable(ctx.header("Host")), Optional.ofNullable(ctx.header("Origin")));
      access.require(Optional.ofNullable(ctx.header("Authorization")));
    }
  }

  private static String id(Context ctx) {
    String id = ctx.attribute(ID);
    return id == null ? "none" : id;
  }

  private void serve(Route route, Context ctx) throws IOException {
    ctx.attribute("t3d.route", route.path());
    if (route.input() == Route.Input.NONE) {
      answer(route, ctx);
    } else {
      try (Door.Visit visit = door.enter()) {
        answer(route, ctx);
        send(ctx);
      }
    }
  }

  /** Before the visit ends: a stop that waits for it must not cut the answer off. */
  private static void send(Context ctx) throws IOException {
    try (InputStream body = ctx.resultInputStream();
        OutputStream out = ctx.res().getOutputStream()) {
      if (body != null) {
        ctx.res().setContentLengthLong(body.available());
        body.transferTo(out);
      }
    }
    ctx.result("");
  }

  private void answer(Route route, Context ctx) throws IOException {
    Deadline deadline = Deadline.in(settings.timeout());
    try (Exchange exchange = new Exchange(ctx, deadline, uploads, sources, settings.temporary())) {
      try {
        Object answer = route.action().answer(exchange);
        type(ctx, route.mediaType());
        if (answer instanceof Answers.Body body) {
          type(ctx, body.mediaType());
          ctx.result(body.bytes());
        } else if (answer instanceof byte[] bytes) {
          ctx.result(bytes);
        } else if (answer instanceof String text) {
          ctx.result(text);
        } else {
          ctx.result(Json.bytes(answer));
        }
      } catch (IOException | RuntimeException | Error e) {
        problem(ctx, e, exchange::inWordsOfClient);
      }
    }
  }

  /** As it stands: Javalin would add a charset to what is no text, or always UTF-8. */
  private static void type(Context ctx, String mediaType) {
    ctx.res().setCharacterEncoding(null);
    ctx.contentType(mediaType);
  }

  private void problem(Context ctx, Throwable e, UnaryOperator<String> words) {
    Problem.Answer found = Problems.of(e, id(ctx), words);
    ctx.status(found.problem().status());
    found.retryAfter().ifPresent(s -> ctx.header("Retry-After", Integer.toString(s)));
    if (found.problem().status() == 401) {
      ctx.header("WWW-Authenticate", "Bearer realm=\"t3d\"");
    }
    type(ctx, Problem.MEDIA_TYPE);
    ctx.result(Json.bytes(found.problem()));
  }

  private void end(Context ctx) {
    Long since = ctx.attribute(SINCE);
    String route = ctx.attribute("t3d.route");
    String shown = route == null ? "none" : route;
    Duration took = Duration.ofNanos(since == null ? 0 : System.nanoTime() - since);
    metrics.request(shown, ctx.statusCode(), took);
    LOG.info(
        "request {} {} {} {} {} ms",
        id(ctx),
        ctx.method(),
        shown,
        ctx.statusCode(),
        took.toMillis());
    if (ctx.statusCode() >= 400 && Leftovers.mayCome(ctx.req())) {
      ctx.future(() -> Leftovers.take(ctx.req(), threads));
    }
  }

  /** The port it listens on. */
  public int port() {
    return app.port();
  }

  /** Closes all connections. */
  @Override
  public void close() {
    app.stop();
  }
}

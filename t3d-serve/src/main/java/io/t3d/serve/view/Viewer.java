package io.t3d.serve.view;

import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.internal.Problem;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A web server for this machine alone that shows one scan: with a mask, and with where a model's
 * tokens gather around sentences.
 *
 * <pre>{@code
 * try (TrainedModel model = TrainedModel.open(Path.of("runs/a"));
 *     Viewer viewer = Viewer.start(ViewSettings.of(Path.of("ct/study1")), Optional.of(model))) {
 *   System.out.println(viewer.address()); // open it in a browser
 *   viewer.await();
 * }
 * }</pre>
 *
 * <p>It is bound to 127.0.0.1, and answers only to who knows the random token in {@link #address}.
 * The page loads nothing from elsewhere. The scan is served from memory; nothing is written to
 * disk.
 */
public final class Viewer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Viewer.class);
  private static final String HOST = "127.0.0.1";
  private static final int THREADS = 16;
  private static final long LONGEST_QUESTION = 1 << 16;
  private static final String NIFTI = "application/octet-stream";

  /** Files of the page by name, with their media types. */
  private static final Map<String, String> FILES =
      Map.of(
          "view.js", "text/javascript; charset=utf-8",
          "view.css", "text/css; charset=utf-8",
          "icon.svg", "image/svg+xml",
          "licences.txt", "text/plain; charset=utf-8",
          "niivue.umd.js", "text/javascript; charset=utf-8");

  private final Scan scan;
  private final Optional<Sentences> sentences;
  private final String whyNoSentences;
  private final Gate gate = Gate.random();
  private final Javalin server;
  private final CountDownLatch closed = new CountDownLatch(1);

  private Viewer(Scan scan, Optional<Sentences> sentences, String whyNoSentences) {
    this.scan = scan;
    this.sentences = sentences;
    this.whyNoSentences = whyNoSentences;
    this.server = server();
  }

  /**
   * Reads the scan and starts to serve it.
   *
   * @param settings what to show
   * @param model for sentences and findings; stays open, and must until the viewer is closed
   * @throws IOException when the scan or the mask cannot be read
   * @throws T3dException when the mask does not lie on the scan, or the port is taken
   */
  public static Viewer start(ViewSettings settings, Optional<TrainedModel> model)
      throws IOException {
    Scan scan = Scan.read(settings);
    Optional<Sentences> sentences =
        model.filter(TrainedModel::usesText).map(m -> new Sentences(m, settings.scan()));
    String why =
        sentences.isPresent()
            ? ""
            : model.isPresent()
                ? "This model was pre-trained without reports: it reads no sentences."
                : "Start t3d view with --checkpoint to ask where a sentence looks.";
    Viewer viewer = new Viewer(scan, sentences, why);
    try {
      viewer.server.start(HOST, settings.port());
    } catch (JavalinBindException e) {
      viewer.close();
      throw new T3dException(
          T3dException.Kind.USAGE,
          "port " + settings.port() + " cannot be used: " + e.getMessage(),
          e);
    }
    return viewer;
  }

  /** The page, with the token: who has it sees the scan. */
  public URI address() {
    return URI.create("http://" + HOST + ":" + server.port() + "/" + gate.token() + "/");
  }

  /** Waits until the viewer is closed. */
  public void await() throws InterruptedException {
    closed.await();
  }

  private Javalin server() {
    Javalin app =
        Javalin.create(
            config -> {
              config.showJavalinBanner = false;
              config.startupWatcherEnabled = false;
              config.http.disableCompression(); // it never leaves the machine
              config.http.maxRequestSize = LONGEST_QUESTION;
              config.jetty.threadPool = new QueuedThreadPool(THREADS);
              config.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));
            });
    app.before(request -> gate.check(request, app.port()));
    app.get("/{token}/", this::page);
    app.get("/{token}/scan.nii", request -> nifti(request, scan.volume(), scan.type()));
    app.get("/{token}/mask.nii", this::mask);
    app.get("/{token}/overview", request -> json(request, overview()));
    app.get("/{token}/findings", this::findings);
    app.post("/{token}/relevance", this::relevance);
    app.get("/{token}/{file}", request -> file(request, request.pathParam("file")));
    app.exception(
        Refusal.class,
        (e, request) -> problem(request, e.status(), String.valueOf(e.getMessage()), newId()));
    app.exception(
        HttpResponseException.class,
        (e, request) -> problem(request, e.getStatus(), String.valueOf(e.getMessage()), newId()));
    app.exception(
        Exception.class,
        (e, request) -> {
          String id = newId();
          LOG.warn(
              "request {} {} {} failed",
              id,
              request.method(),
              request.path().replace(gate.token(), "…"),
              e);
          problem(request, 500, "The server failed: " + e, id);
        });
    return app;
  }

  private void page(Context request) throws IOException {
    if (!request.path().endsWith("/")) {
      request.redirect("/" + gate.token() + "/"); // addresses in the page are relative
      return;
    }
    resource(request, "view.html", "text/html; charset=utf-8");
  }

  private static void file(Context request, String name) throws IOException {
    String type = FILES.get(name);
    if (type == null) {
      throw Refusal.of(404, "There is no " + name);
    }
    resource(request, name, type);
  }

  private static void resource(Context request, String name, String type) throws IOException {
    try (InputStream in = Viewer.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("The class path lacks io/t3d/serve/view/" + name);
      }
      request.contentType(type).result(in.readAllBytes());
    }
  }

  private void mask(Context request) throws IOException {
    MaskLegend legend =
        scan.legend().orElseThrow(() -> Refusal.of(404, "This scan was opened without a mask"));
    nifti(request, legend.numbers(), legend.type());
  }

  private static void nifti(Context request, Volume volume, PixelType type) throws IOException {
    request.contentType(NIFTI);
    request.res().setContentLengthLong(NiftiWriter.length(volume, type));
    OutputStream out = request.outputStream();
    NiftiWriter.write(out, volume, type);
  }

  private Answers.Overview overview() {
    return Answers.Overview.of(scan, sentences.isPresent(), whyNoSentences);
  }

  private Sentences sentences() {
    return sentences.orElseThrow(() -> Refusal.of(404, whyNoSentences));
  }

  private void findings(Context request) throws IOException {
    json(request, new Answers.Findings(asked(() -> sentences().findings())));
  }

  private void relevance(Context request) throws IOException {
    Sentences asked = sentences();
    Answers.Question question;
    try {
      question = Configs.fromJson(request.body(), Answers.Question.class);
    } catch (IllegalArgumentException e) {
      throw Refusal.of(400, String.valueOf(e.getMessage()));
    }
    json(request, Answers.HeatMap.of(asked(() -> asked.relevance(question.text()))));
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  /** Runs the model; what the user can mend is told as it is. */
  private static <T> T asked(Work<T> work) throws IOException {
    try {
      return work.run();
    } catch (T3dException e) {
      throw Refusal.of(422, String.valueOf(e.getMessage()));
    }
  }

  private static void json(Context request, Object answer) {
    request.contentType("application/json").result(Configs.toJson(answer));
  }

  private static String newId() {
    return UUID.randomUUID().toString();
  }

  private static void problem(Context request, int status, String detail, String id) {
    request.status(status);
    request.header("X-Request-Id", id);
    request.contentType(Problem.MEDIA_TYPE).result(Configs.toJson(Problem.of(status, detail, id)));
  }

  /** Ends the server; the model stays open. */
  @Override
  public void close() {
    server.stop();
    sentences.ifPresent(Sentences::close);
    closed.countDown();
  }
}

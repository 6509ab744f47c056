package io.t3d.serve.internal.http;

import io.javalin.http.HandlerType;
import io.t3d.core.generate.Decoding;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.http.Route.Action;
import io.t3d.serve.internal.http.Route.Input;
import io.t3d.serve.internal.model.Gallery;
import io.t3d.serve.internal.model.ModelService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The endpoints. */
final class Routes {
  static final String HEALTH = "/healthz";
  private static final String NIFTI = "application/gzip";
  private static final String DICOM = "application/dicom";
  private static final int MOST_TEXTS = 1024;
  private static final int MOST_FINDINGS = 256;
  private static final int MOST_CHARACTERS = 100_000;
  private static final int MOST_BEAMS = 16;

  /** What can be wrong with a request that brings a volume. */
  private static final List<Integer> OF_VOLUMES =
      List.of(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 502, 503, 504);

  private static final List<Integer> OF_TEXTS = List.of(400, 401, 413, 415, 429, 500, 503, 504);

  private final ModelService service;

  Routes(ModelService service) {
    this.service = service;
  }

  /** What works with the model. */
  List<Route> all() {
    List<Route> out = new ArrayList<>();
    out.add(
        volume(
            "/v1/embed",
            "The L2-normalised vector of a volume",
            Requests.OneVolume.class,
            Answers.Embedded.class,
            this::embed));
    out.add(
        volume(
            "/v1/zero-shot",
            "The probability of findings by text alone",
            Requests.ZeroShot.class,
            Answers.Classified.class,
            this::zeroShot));
    out.add(
        volume(
            "/v1/retrieve",
            "What of the gallery is near a volume or a text",
            Requests.Retrieve.class,
            Answers.Retrieved.class,
            this::retrieve));
    out.add(
        new Route(
            HandlerType.POST,
            "/v1/segment",
            "The mask of a volume as NIfTI, on the volume's own voxels; as DICOM SEG where Accept names"
                + " application/dicom",
            Input.VOLUME,
            Optional.of(Requests.OneVolume.class),
            Optional.empty(),
            NIFTI,
            with(with501(OF_VOLUMES), 406),
            this::segment));
    out.add(
        volume(
            "/v1/report",
            "A report for a volume",
            Requests.Report.class,
            Answers.Written.class,
            this::report));
    out.add(
        new Route(
            HandlerType.POST,
            "/v1/text-embed",
            "The L2-normalised vectors of texts",
            Input.JSON,
            Optional.of(Requests.Texts.class),
            Optional.of(Answers.TextsEmbedded.class),
            Json.MEDIA_TYPE,
            OF_TEXTS,
            this::embedTexts));
    return out;
  }

  private static Route volume(
      String path, String summary, Class<?> request, Class<?> answer, Action action) {
    boolean part = path.equals("/v1/retrieve") || path.equals("/v1/report");
    return new Route(
        HandlerType.POST,
        path,
        summary,
        Input.VOLUME,
        Optional.of(request),
        Optional.of(answer),
        Json.MEDIA_TYPE,
        part ? with501(OF_VOLUMES) : OF_VOLUMES,
        action);
  }

  private static List<Integer> with501(List<Integer> statuses) {
    return with(statuses, 501);
  }

  private static List<Integer> with(List<Integer> statuses, int more) {
    List<Integer> out = new ArrayList<>(statuses);
    out.add(more);
    return out.stream().sorted().toList();
  }

  private Object embed(Exchange exchange) throws IOException {
    exchange.withVolume(Requests.OneVolume.class);
    return new Answers.Embedded(service.embed(exchange.volume()));
  }

  private Object zeroShot(Exchange exchange) throws IOException {
    Requests.ZeroShot asked = exchange.withVolume(Requests.ZeroShot.class);
    List<FindingPrompts> prompts = new ArrayList<>(asked.prompts().orElse(List.of()));
    for (String finding : asked.findings().orElse(List.of())) {
      if (finding.isBlank()) {
        throw Refusal.badRequest("findings must not be blank; name them as in a sentence");
      }
      prompts.add(FindingPrompts.of(finding));
    }
    if (prompts.size() > MOST_FINDINGS) {
      throw Refusal.badRequest(
          "findings must be at most " + MOST_FINDINGS + ", got " + prompts.size());
    }
    for (FindingPrompts finding : prompts) {
      checkTexts("prompts", finding.positive());
      checkTexts("prompts", finding.negative());
    }
    return new Answers.Classified(service.zeroShot(exchange.volume(), prompts));
  }

  private Object retrieve(Exchange exchange) throws IOException {
    Requests.Retrieve asked = exchange.withVolume(Requests.Retrieve.class);
    Gallery gallery = service.gallery();
    int k = asked.k().orElse(10);
    if (k < 1 || k > MOST_TEXTS) {
      throw Refusal.badRequest("k must be in 1.." + MOST_TEXTS + ", got " + k);
    }
    boolean byText = asked.text().isPresent();
    if (byText && exchange.hasVolume()) {
      throw Refusal.badRequest("text and a volume exclude each other; send one of them");
    }
    boolean reports = !byText && gallery.parts().contains("reports");
    String in = asked.in().orElse(reports ? "reports" : "volumes");
    if (!gallery.parts().contains(in)) {
      throw Refusal.badRequest(
          "in must be one of " + gallery.parts() + ", which the gallery has, got " + in);
    }
    float[] query;
    if (byText) {
      List<String> text = List.of(asked.text().get());
      checkTexts("text", text);
      query = service.embedTexts(text, exchange.deadline())[0];
    } else {
      query = service.embed(exchange.volume());
    }
    return new Answers.Retrieved(in, gallery.search(in, query, k));
  }

  private Object segment(Exchange exchange) throws IOException {
    exchange.withVolume(Requests.OneVolume.class);
    if (exchange.accepts(DICOM)) {
      Path seg = exchange.folder().resolve("mask.seg.dcm");
      service.segmentToDicom(exchange.volume(), seg);
      exchange.ctx().header("Content-Disposition", "attachment; filename=\"mask.seg.dcm\"");
      return new Answers.Body(Files.readAllBytes(seg), DICOM);
    }
    Volume mask = service.segment(exchange.volume());
    Path file = exchange.folder().resolve("mask.nii.gz");
    VolumeWriters.write(file, mask, PixelType.UINT8);
    exchange.ctx().header("Content-Disposition", "attachment; filename=\"mask.nii.gz\"");
    return Files.readAllBytes(file);
  }

  private Object report(Exchange exchange) throws IOException {
    Requests.Report asked = exchange.withVolume(Requests.Report.class);
    int longest = service.decoder().longest();
    int length = asked.maxLength().orElse(longest);
    int beams = asked.beams().orElse(1);
    if (length < 1 || length > longest) {
      throw Refusal.badRequest("maxLength must be in 1.." + longest + ", got " + length);
    }
    if (beams < 1 || beams > MOST_BEAMS) {
      throw Refusal.badRequest("beams must be in 1.." + MOST_BEAMS + ", got " + beams);
    }
    Decoding decoding = beams == 1 ? Decoding.greedy(length) : Decoding.beam(beams, length);
    GeneratedReport r = service.report(exchange.volume(), decoding);
    return new Answers.Written(r.text(), r.logProbability(), r.tokens(), r.finished());
  }

  private Object embedTexts(Exchange exchange) throws IOException {
    List<String> texts = exchange.json(Requests.Texts.class).texts();
    checkTexts("texts", texts);
    return new Answers.TextsEmbedded(service.embedTexts(texts, exchange.deadline()));
  }

  private static void checkTexts(String name, List<String> texts) {
    if (texts.isEmpty() || texts.size() > MOST_TEXTS) {
      throw Refusal.badRequest(
          name + " must hold 1 to " + MOST_TEXTS + " texts, got " + texts.size());
    }
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i);
      if (text == null || text.isBlank() || text.length() > MOST_CHARACTERS) {
        throw Refusal.badRequest(
            name
                + "["
                + i
                + "] must have 1 to "
                + MOST_CHARACTERS
                + " characters that are not all blank");
      }
    }
  }
}

package io.t3d.serve.internal.http;

import com.google.common.base.Splitter;
import io.javalin.http.Context;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.AllowedRoot;
import io.t3d.serve.internal.input.Archive;
import io.t3d.serve.internal.input.RequestFolder;
import io.t3d.serve.internal.input.RequestVolume;
import io.t3d.serve.internal.input.Uploads;
import io.t3d.serve.internal.model.VolumeInput;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.MultiPartFormInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One request: what it asks for, and the volume that it brings or names. Its temporary folder is
 * made when a volume comes, and gone when the exchange is closed.
 */
final class Exchange implements AutoCloseable {
  /** Name of the part of a form that holds the volume. */
  static final String VOLUME_PART = "volume";

  /** Name of the part of a form that holds the rest of the request, as JSON. */
  static final String REQUEST_PART = "request";

  private static final String FORM = "multipart/form-data";
  private static final int MOST_JSON_BYTES = 4 << 20;

  private final Context ctx;
  private final Deadline deadline;
  private final Uploads uploads;
  private final Sources sources;
  private final Path temporary;
  private @Nullable RequestFolder folder;
  private RequestFolder.@Nullable User using;
  private @Nullable RequestVolume volume;
  private @Nullable RemoteSeries series;

  /** What a request may name in place of a volume that it brings. */
  record Sources(AllowedRoot root, Archive archive) {}

  Exchange(Context ctx, Deadline deadline, Uploads uploads, Sources sources, Path temporary) {
    this.ctx = ctx;
    this.deadline = deadline;
    this.uploads = uploads;
    this.sources = sources;
    this.temporary = temporary;
  }

  Deadline deadline() {
    return deadline;
  }

  Context ctx() {
    return ctx;
  }

  /** A request without a volume. */
  <T> T json(Class<T> type) throws IOException {
    if (!contentType().equals(Json.MEDIA_TYPE)) {
      throw Refusal.of(415, "the body must be application/json, got " + shown(contentType()));
    }
    return Json.request(text(uploads.bounded(ctx.req().getInputStream(), deadline)), type);
  }

  /**
   * A request about a volume: as JSON with a path or a reference, as a form, or with the volume as
   * the body. A series is fetched when the volume is asked for: what is wrong with the rest of the
   * request is told before.
   *
   * @param type what it asks for
   */
  <T extends Requests.OfVolume> T withVolume(Class<T> type) throws IOException {
    T request;
    if (contentType().equals(Json.MEDIA_TYPE)) {
      request = json(type);
      if (request.path().isPresent() && request.dicomWeb().isPresent()) {
        throw Refusal.badRequest("path and dicomWeb exclude each other; send one of them");
      }
      if (request.path().isPresent()) {
        volume = sources.root().volume(request.path().get());
      }
      if (request.dicomWeb().isPresent()) {
        Requests.DicomWeb named = request.dicomWeb().get();
        series = sources.archive().series(named.study(), named.series());
      }
      return request;
    }
    if (contentType().equals(FORM)) {
      request = form(type);
    } else {
      request = Json.request(ctx.queryParamMap(), type);
      refuseBoth(request);
      uploads.requireLength(ctx.req().getContentLengthLong());
      volume = uploads.take(ctx.req().getInputStream(), newFolder(), deadline);
    }
    return request;
  }

  private <T extends Requests.OfVolume> T form(Class<T> type) throws IOException {
    uploads.requireLength(ctx.req().getContentLengthLong());
    Path own = newFolder();
    MultiPartFormInputStream parts =
        new MultiPartFormInputStream(
            uploads.bounded(ctx.req().getInputStream(), deadline),
            ctx.req().getContentType(),
            uploads.formSettings(own),
            own.toFile());
    Optional<Part> asked = part(parts, REQUEST_PART);
    T request =
        asked.isPresent()
            ? Json.request(text(asked.get().getInputStream()), type)
            : Json.request(ctx.queryParamMap(), type);
    refuseBoth(request);
    Part part =
        part(parts, VOLUME_PART)
            .orElseThrow(
                () -> Refusal.badRequest("the form has no part \"volume\"; send the volume as it"));
    volume = uploads.take(part, own, deadline);
    return request;
  }

  private static void refuseBoth(Requests.OfVolume request) {
    if (request.path().isPresent()) {
      throw Refusal.badRequest("path and a volume exclude each other; send one of them");
    }
    if (request.dicomWeb().isPresent()) {
      throw Refusal.badRequest("dicomWeb and a volume exclude each other; send one of them");
    }
  }

  private static Optional<Part> part(MultiPartFormInputStream parts, String name)
      throws IOException {
    try {
      return Optional.ofNullable(parts.getPart(name));
    } catch (IllegalStateException e) {
      throw e.getCause() instanceof Refusal refusal ? refusal : unreadable();
    } catch (EofException e) {
      throw e; // the client is gone
    } catch (IOException e) {
      throw unreadable();
    }
  }

  private static Refusal unreadable() {
    return Refusal.badRequest("the form cannot be read; send it as curl -F does");
  }

  private static String text(InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MOST_JSON_BYTES + 1);
    if (bytes.length > MOST_JSON_BYTES) {
      throw Refusal.tooLarge(
          "JSON must be at most " + MOST_JSON_BYTES + " bytes, got more; send less at a time");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String contentType() {
    String type = ctx.req().getContentType();
    return type == null ? "" : type.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
  }

  private static String shown(String type) {
    return type.isEmpty() ? "none" : type;
  }

  private Path newFolder() throws IOException {
    RequestFolder made = RequestFolder.make(temporary);
    folder = made;
    using = made.use();
    return made.path();
  }

  /** Whether the client asks for a type by its name. */
  boolean accepts(String mediaType) {
    String header = ctx.req().getHeader("Accept");
    return header != null
        && Splitter.on(',').trimResults().splitToList(header.toLowerCase(Locale.ROOT)).stream()
            .anyMatch(a -> a.replaceFirst(";.*", "").strip().equals(mediaType));
  }

  /** Whether the request brings or names a volume. */
  boolean hasVolume() {
    return volume != null || series != null;
  }

  /** The request's temporary folder. */
  Path folder() throws IOException {
    RequestFolder known = folder;
    return known == null ? newFolder() : known.path();
  }

  /**
   * The volume of the request.
   *
   * @throws Refusal when it has none
   */
  VolumeInput volume() throws IOException {
    RequestVolume known = volume;
    RemoteSeries named = series;
    if (known == null && named != null) {
      known = sources.archive().fetch(named, folder(), deadline);
      volume = known;
    }
    if (known == null) {
      throw Refusal.badRequest(
          "the request has no volume: send NIfTI (.nii, .nii.gz) or a zip of DICOM files as the"
              + " body or as the part \"volume\", or {\"path\": …} or {\"dicomWeb\": …} as JSON");
    }
    folder();
    RequestFolder own = folder;
    RequestFolder.User owner = using;
    if (own == null || owner == null) {
      throw new IllegalStateException("the folder was made above");
    }
    return new VolumeInput(known, own, owner, deadline);
  }

  /** A message without folders of this machine. */
  String inWordsOfClient(String message) {
    RequestVolume known = volume;
    if (known != null) {
      return known.inWordsOfClient(message);
    }
    RequestFolder made = folder;
    return made == null ? message : message.replace(made.path() + "/", "");
  }

  @Override
  public void close() {
    RequestFolder.User user = using;
    if (user != null) {
      user.close();
    }
  }
}

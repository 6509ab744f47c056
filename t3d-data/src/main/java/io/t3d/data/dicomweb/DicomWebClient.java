package io.t3d.data.dicomweb;

import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.data.dicomweb.internal.MultipartReader;
import io.t3d.data.dicomweb.internal.SilenceGuard;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Searches, fetches and stores DICOM objects over DICOMweb. TLS trusts what the JDK trusts.
 *
 * <pre>{@code
 * var pacs = new DicomWebClient(DicomWebSettings.of(address, Credentials.bearerFrom(file)));
 * for (RemoteSeries series : pacs.search(Map.of("PatientID", "77", "Modality", "CT"), 10)) {
 *   pacs.retrieve(series, folder.resolve(series.id()));
 * }
 * pacs.store(List.of(segmentation));
 * }</pre>
 */
public final class DicomWebClient {
  private static final int PAGE = 100;
  private static final long SLOWEST_BYTES_PER_SECOND = 1 << 16;
  private static final int PREAMBLE = 128;

  private final DicomWebSettings settings;
  private final ArchiveConnection archive;

  /** A client of one service. */
  public DicomWebClient(DicomWebSettings settings) {
    this.settings = settings;
    this.archive = new ArchiveConnection(settings);
  }

  /**
   * Finds series (QIDO-RS).
   *
   * @param query keywords of DICOM, or tags of eight digits, to values; {@code *} and {@code ?} as
   *     DICOM takes them
   * @param limit most series
   * @return in the archive's order
   * @throws DicomWebException when the archive cannot be asked
   * @throws T3dException when a key of the query is no keyword
   */
  public List<RemoteSeries> search(Map<String, String> query, int limit) throws IOException {
    StringBuilder fixed = new StringBuilder("series?");
    query.forEach(
        (key, value) -> {
          if (!key.matches("[A-Za-z0-9.]{1,64}")) {
            throw new T3dException(
                T3dException.Kind.USAGE,
                "A query is KEYWORD=VALUE with a keyword of DICOM such as PatientID, got \""
                    + key
                    + "\"");
          }
          fixed.append(key).append('=').append(encode(value)).append('&');
        });
    fixed.append("includefield=00100020&includefield=00201209");
    List<RemoteSeries> found = new ArrayList<>();
    while (found.size() < limit) {
      int page = Math.min(PAGE, limit - found.size());
      String path = fixed + "&limit=" + page + "&offset=" + found.size();
      List<RemoteSeries> more = archive.retrying("search", () -> searchOnce(path));
      int before = found.size();
      more.stream().limit(page).filter(s -> !found.contains(s)).forEach(found::add);
      // An archive may give fewer at a time than it is asked for: only nothing new is the end.
      if (found.size() == before) {
        break;
      }
    }
    return List.copyOf(found);
  }

  private List<RemoteSeries> searchOnce(String path) throws IOException {
    HttpRequest request =
        archive.request(path).header("Accept", "application/dicom+json").GET().build();
    HttpResponse<InputStream> answer = archive.send(request);
    try (InputStream body = archive.guarded(answer)) {
      if (answer.statusCode() == 204) {
        return List.of();
      }
      archive.requireOk(answer, body, "the search");
      JsonNode all = archive.json(body);
      List<RemoteSeries> out = new ArrayList<>();
      for (JsonNode entry : all) {
        out.add(RemoteSeries.of(entry));
      }
      return out;
    } catch (IllegalArgumentException e) {
      throw new DicomWebException(
          0, archive.host() + " answered a search with an entry without valid UIDs", e);
    }
  }

  /**
   * Fetches all objects of a series (WADO-RS) as they are stored.
   *
   * @param folder must not exist; it appears when all objects are in it
   * @return its files
   * @throws DicomWebException when the series is not there or cannot be fetched whole
   */
  public List<Path> retrieve(RemoteSeries series, Path folder) throws IOException {
    return retrieve(series, folder, RetrieveLimits.none());
  }

  /**
   * The same within bounds: what exceeds one is given up at once and leaves nothing.
   *
   * @throws DicomWebException as above; its reason tells a series that is too large and one that
   *     takes too long
   */
  public List<Path> retrieve(RemoteSeries series, Path folder, RetrieveLimits limits)
      throws IOException {
    TimeLeft time = new TimeLeft(limits.within());
    Path parent = AtomicFiles.makeFolder(folder.toAbsolutePath().getParent());
    Path part = parent.resolve("." + folder.getFileName() + ".part");
    try {
      int count =
          archive.retrying(series.toString(), () -> retrieveOnce(series, part, limits, time), time);
      if (series.instances() >= 0 && count != series.instances()) {
        throw new DicomWebException(
            0,
            archive.host()
                + " gave "
                + count
                + " objects of "
                + series
                + ", which has "
                + series.instances()
                + "; is it still being stored? Try again later");
      }
      Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      AtomicFiles.deleteTree(part);
    }
    try (var files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private int retrieveOnce(RemoteSeries series, Path part, RetrieveLimits limits, TimeLeft time)
      throws IOException {
    AtomicFiles.deleteTree(part);
    Files.createDirectory(part);
    HttpRequest request =
        archive
            .request(series.path())
            .header("Accept", "multipart/related; type=\"application/dicom\"; transfer-syntax=*")
            .timeout(time.atMost(settings.silence()))
            .GET()
            .build();
    HttpResponse<InputStream> answer = archive.send(request);
    try (InputStream body = new SilenceGuard(answer.body(), settings.silence(), time.end())) {
      archive.requireOk(answer, body, series.toString());
      String type = answer.headers().firstValue("Content-Type").orElse("");
      String boundary =
          MultipartReader.boundary(type)
              .orElseThrow(
                  () ->
                      new DicomWebException(
                          0,
                          archive.host()
                              + " answered with \""
                              + shown(type)
                              + "\", expected multipart/related; is this the address of a DICOMweb"
                              + " service?"));
      return write(new MultipartReader(body, boundary), series, part, limits);
    } catch (MultipartReader.MalformedException e) {
      throw new DicomWebException(
          0, archive.host() + ": the answer for " + series + " is refused: " + e.getMessage(), e);
    }
  }

  private int write(MultipartReader parts, RemoteSeries series, Path folder, RetrieveLimits limits)
      throws IOException {
    int count = 0;
    long left = limits.bytes();
    int most = Math.min(settings.mostInstances(), limits.instances());
    while (parts.next().isPresent()) {
      if (++count > most) {
        throw tooLarge(series + " has more than " + most + " objects");
      }
      long longest = Math.min(settings.longestInstance(), left);
      Path file = folder.resolve(String.format(Locale.ROOT, "%06d.dcm", count));
      long bytes;
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        bytes = parts.content(out, longest);
      }
      if (bytes > longest) {
        throw tooLarge(
            longest < settings.longestInstance()
                ? series + " has more than " + limits.bytes() + " bytes"
                : "an object of " + series + " has more than " + longest + " bytes");
      }
      left -= bytes;
      if (!isDicom(file)) {
        throw new DicomWebException(
            0, archive.host() + " gave a part of " + series + " that is no DICOM");
      }
    }
    if (count == 0) {
      throw new DicomWebException(404, archive.host() + " gave no object of " + series);
    }
    return count;
  }

  private static DicomWebException tooLarge(String message) {
    return new DicomWebException(DicomWebException.Reason.TOO_LARGE, message, null);
  }

  private static boolean isDicom(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(PREAMBLE + 4);
      byte[] sign = {'D', 'I', 'C', 'M'};
      return Arrays.equals(head, PREAMBLE, head.length, sign, 0, sign.length);
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      return false; // shorter than a preamble
    }
  }

  /**
   * Stores objects (STOW-RS).
   *
   * @param files DICOM files
   * @throws DicomWebException when the archive refuses one, with its reason
   */
  public void store(List<Path> files) throws IOException {
    AtomicInteger attempts = new AtomicInteger();
    archive.retrying(
        "store",
        () -> {
          storeOnce(files, attempts.getAndIncrement() > 0);
          return files;
        });
  }

  private void storeOnce(List<Path> files, boolean again) throws IOException {
    String boundary = "t3d-" + UUID.randomUUID();
    List<BodyPublisher> parts = new ArrayList<>();
    long bytes = 0;
    for (Path file : files) {
      bytes += Files.size(file);
      parts.add(
          BodyPublishers.ofString("--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n"));
      parts.add(BodyPublishers.ofFile(file));
      parts.add(BodyPublishers.ofString("\r\n"));
    }
    parts.add(BodyPublishers.ofString("--" + boundary + "--\r\n"));
    HttpRequest request =
        archive
            .request("studies")
            // Until the answer begins: all is sent before it.
            .timeout(settings.silence().plusSeconds(bytes / SLOWEST_BYTES_PER_SECOND))
            .header("Accept", "application/dicom+json")
            .header(
                "Content-Type",
                "multipart/related; type=\"application/dicom\"; boundary=" + boundary)
            .POST(BodyPublishers.concat(parts.toArray(new BodyPublisher[0])))
            .build();
    HttpResponse<InputStream> answer = archive.send(request);
    try (InputStream body = archive.guarded(answer)) {
      int status = answer.statusCode();
      boolean telling = status == 200 || status == 202 || status == 409;
      if (!telling) {
        archive.requireOk(answer, body, "storing");
      }
      StoreAnswer.check(archive.host(), status, archive.text(body), files.size(), again);
    }
  }

  private static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20").replace("%2A", "*");
  }

  private static String shown(String type) {
    return type.length() > 60 ? type.substring(0, 60) + "…" : type;
  }
}

package io.t3d.serve.internal.input;

import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.DicomWebSettings;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.data.dicomweb.RetrieveLimits;
import io.t3d.serve.config.UploadLimits;
import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.RequestVolume.Fetched;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The archive whose series requests may name: one host, which the service's settings name. What is
 * fetched has the bounds of what is uploaded, and the request's time.
 */
public final class Archive {
  private final Optional<DicomWebClient> client;
  private final UploadLimits limits;

  /** An archive, or none. */
  public Archive(Optional<DicomWebSettings> settings, UploadLimits limits) {
    this.client = settings.map(DicomWebClient::new);
    this.limits = limits;
  }

  /**
   * A series by its UIDs; nothing is asked for yet.
   *
   * @param study Study Instance UID
   * @param series Series Instance UID
   * @throws Refusal when there is no archive, or a UID is none
   */
  public RemoteSeries series(String study, String series) {
    if (client.isEmpty()) {
      throw Refusal.of(
          403,
          "DICOMweb references are refused: the service was started without --dicomweb; send the"
              + " volume itself");
    }
    try {
      return new RemoteSeries(study, series, "", "", -1);
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest(e.getMessage() + "; dicomWeb holds two UIDs, study and series");
    }
  }

  /**
   * Fetches a series.
   *
   * @param folder of the request
   * @throws io.t3d.data.dicomweb.DicomWebException when it cannot be fetched whole, within the
   *     bounds and in time
   */
  public Fetched fetch(RemoteSeries series, Path folder, Deadline deadline) throws IOException {
    RetrieveLimits bounds =
        new RetrieveLimits(
            limits.unpackedBytes(), limits.entries(), Duration.ofNanos(deadline.left()));
    Path files = folder.resolve("series");
    try {
      client.orElseThrow().retrieve(series, files, bounds);
    } catch (InterruptedIOException e) { // its message names the archive's host
      throw Refusal.later(503, 10, "the service stopped while it fetched the series; try again");
    }
    return new Fetched(files, folder);
  }
}

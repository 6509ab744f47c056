package io.t3d.data.dicomweb;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A series in an archive.
 *
 * @param study Study Instance UID
 * @param series Series Instance UID
 * @param modality {@code CT}, …; empty when the archive does not tell
 * @param patientId Patient ID; empty when the archive does not tell. It belongs into no message and
 *     no log
 * @param instances how many objects it has; -1 when the archive does not tell
 */
public record RemoteSeries(
    String study, String series, String modality, String patientId, int instances) {
  /** Checks the UIDs, which become parts of addresses. */
  public RemoteSeries {
    requireUid("Study Instance UID", study);
    requireUid("Series Instance UID", series);
  }

  private static void requireUid(String what, String uid) {
    if (!uid.matches("[0-9]+(\\.[0-9]+)*") || uid.length() > 64) {
      throw new IllegalArgumentException("A " + what + " is digits and dots, at most 64");
    }
  }

  /** Of an entry of an answer to a search (DICOM JSON). */
  static RemoteSeries of(JsonNode entry) {
    String count = text(entry, "00201209");
    return new RemoteSeries(
        text(entry, "0020000D"),
        text(entry, "0020000E"),
        text(entry, "00080060"),
        text(entry, "00100020"),
        count.matches("[0-9]{1,9}") ? Integer.parseInt(count) : -1);
  }

  private static String text(JsonNode entry, String tag) {
    return entry.path(tag).path("Value").path(0).asText("").strip();
  }

  /** Its address below the service's. */
  public String path() {
    return "studies/" + study + "/series/" + series;
  }

  /** Twelve hexadecimal digits of the series' SHA-256, as {@code DicomSeries.id()} has them. */
  public String id() {
    return hash(series);
  }

  /** Twelve hexadecimal digits in place of the patient's id; empty when there is none. */
  public String patientPseudonym() {
    return patientId.isEmpty() ? "" : hash(patientId);
  }

  private static String hash(String text) {
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sum, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  /** Names no patient. */
  @Override
  public String toString() {
    return "series " + id() + " (" + (modality.isEmpty() ? "unknown modality" : modality) + ")";
  }
}

package io.t3d.data.dicomweb;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;
import java.util.Map;

/** What an archive says to objects that it was to store (PS3.18, 10.5.3). */
final class StoreAnswer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FAILED = "00081198";
  private static final String STORED = "00081199";
  private static final String REASON = "00081197";

  private static final int ALREADY_THERE = 0x0111;

  private static final Map<Integer, String> REASONS =
      Map.of(
          0x0110,
          "processing failure",
          0x0117,
          "the object's UID violates the rules of UIDs",
          0x0122,
          "it does not take this kind of object (SOP class)",
          0x0124,
          "not authorized",
          ALREADY_THERE,
          "it has this object already",
          0xA700,
          "out of resources",
          0xA900,
          "the data do not match their kind of object",
          0xC000,
          "it cannot understand the data");

  private StoreAnswer() {}

  /**
   * Checks that all was stored.
   *
   * @param status of HTTP: 200, 202 or 409
   * @param body DICOM JSON; some archives leave it empty when all is well
   * @param count how many objects were sent
   * @param again whether they were sent before, and the answer lost: the archive may have them
   * @throws DicomWebException when one was not stored
   */
  static void check(String host, int status, String body, int count, boolean again)
      throws DicomWebException {
    if (status == 200 && body.isBlank()) {
      return;
    }
    JsonNode answer;
    try {
      answer = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new DicomWebException(
          status, host + " answered to storing with what is no DICOM JSON, status " + status, e);
    }
    if (answer != null && answer.isArray()) { // some archives put it into a list
      answer = answer.path(0);
    }
    JsonNode failed = values(answer, FAILED);
    int there = 0;
    for (JsonNode one : failed) {
      there += again && one.path(REASON).path("Value").path(0).asInt() == ALREADY_THERE ? 1 : 0;
    }
    if (failed.size() > there) {
      throw new DicomWebException(
          status,
          host
              + " did not store "
              + failed.size()
              + " of "
              + count
              + " objects: "
              + reason(failed.path(0).path(REASON).path("Value").path(0)));
    }
    int stored = values(answer, STORED).size() + there;
    if (stored < count) {
      throw new DicomWebException(
          status,
          host
              + " says with status "
              + status
              + " that it stored "
              + stored
              + " of "
              + count
              + " objects, and no reason");
    }
  }

  private static JsonNode values(JsonNode answer, String tag) {
    return (answer == null ? JSON.createObjectNode() : answer).path(tag).path("Value");
  }

  private static String reason(JsonNode code) {
    if (!code.canConvertToInt()) {
      return "no reason given";
    }
    int value = code.asInt();
    int family = value >= 0xA000 ? value & (value >= 0xC000 ? 0xF000 : 0xFF00) : value;
    String text = REASONS.getOrDefault(family, "an unknown reason");
    return text + String.format(Locale.ROOT, " (0x%04X)", value);
  }
}

package io.t3d.data.dicom;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.t3d.core.T3dException;
import io.t3d.core.internal.PointerFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which codes stand for the names of structures and findings. Names are compared without case, and
 * with spaces, hyphens and underscores taken for the same. A file of one's own goes before the
 * table that comes with T3D; a name in neither gets a private code.
 *
 * <pre>{@code
 * {
 *   "left lower lobe": {"type": {"value": "41224006", "scheme": "SCT", "meaning": "Left lower lobe of lung"}},
 *   "mass": {"category": {"value": "49755003", "scheme": "SCT", "meaning": "Morphologically abnormal structure"},
 *            "type": {"value": "4147007", "scheme": "SCT", "meaning": "Mass"}}
 * }
 * }</pre>
 */
public final class CodeTable {
  /** What a structure is of which no other category is told. */
  public static final DicomCode ANATOMY = DicomCode.snomed("123037004", "Anatomical Structure");

  /** What a disease makes of tissue. */
  public static final DicomCode ABNORMAL =
      DicomCode.snomed("49755003", "Morphologically Abnormal Structure");

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build();

  private final Map<String, Entry> entries;

  /**
   * The codes of a name.
   *
   * @param category Segmented Property Category (CID 7150); unused in reports
   * @param type Segmented Property Type, or the finding itself
   */
  public record Entry(DicomCode category, DicomCode type) {}

  /** An entry as it is in a file. */
  private record Row(@Nullable DicomCode category, @Nullable DicomCode type) {}

  private CodeTable(Map<String, Entry> entries) {
    this.entries = Map.copyOf(entries);
  }

  /** The table that comes with T3D: {@code io/t3d/data/dicom/codes.json}. */
  public static CodeTable standard() {
    return new CodeTable(Standard.ENTRIES);
  }

  /**
   * A file's table before the one of T3D.
   *
   * @param file JSON, see above
   * @throws IOException when it cannot be read
   * @throws T3dException when it is no such table
   */
  public static CodeTable load(Path file) throws IOException {
    Map<String, Entry> all = new HashMap<>(Standard.ENTRIES);
    all.putAll(parse(PointerFiles.readText(file), file.toString()));
    return new CodeTable(all);
  }

  private static Map<String, Entry> parse(String json, String name) {
    try {
      Map<String, Row> rows = JSON.readValue(json, new TypeReference<Map<String, Row>>() {});
      Map<String, Entry> out = new HashMap<>();
      rows.forEach((key, row) -> out.put(key(key), entry(key, row)));
      return out;
    } catch (JsonProcessingException | IllegalArgumentException | NullPointerException e) {
      String why = e instanceof JsonProcessingException j ? j.getOriginalMessage() : e.getMessage();
      throw new T3dException(
          T3dException.Kind.INPUT,
          name
              + " is no table of codes (expected {\"name\": {\"category\": …, \"type\": {\"value\","
              + " \"scheme\", \"meaning\"}}}, see docs/pacs.md): "
              + why,
          e);
    }
  }

  private static Entry entry(String name, Row row) {
    if (row.type() == null) {
      throw new IllegalArgumentException("\"" + name + "\" has no type");
    }
    return new Entry(row.category() == null ? ANATOMY : row.category(), row.type());
  }

  /** The codes of a name; empty when it is in no table. */
  public Optional<Entry> find(String name) {
    return Optional.ofNullable(entries.get(key(name)));
  }

  /** The codes of a name, private ones where no table has it. */
  public Entry codes(String name) {
    return find(name).orElseGet(() -> new Entry(ANATOMY, DicomCode.ofName(name)));
  }

  private static String key(String name) {
    return name.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s_-]+", " ");
  }

  private static final class Standard {
    static final Map<String, Entry> ENTRIES = read();

    private static Map<String, Entry> read() {
      try (InputStream in = CodeTable.class.getResourceAsStream("codes.json")) {
        if (in == null) {
          throw new IllegalStateException("codes.json is not beside CodeTable");
        }
        byte[] json = in.readAllBytes();
        return parse(new String(json, StandardCharsets.UTF_8), "codes.json");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}

package io.t3d.core.config;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.t3d.core.T3dException;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.PointerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads and writes settings records as YAML or JSON.
 *
 * <ul>
 *   <li>An unknown key is an error that names the key's path, the known keys and a likely typo.
 *   <li>A missing key is an error, unless the setting is an {@code Optional} that is not marked
 *       {@code @JsonProperty(required = true)}, the record has a public static {@code defaults()},
 *       or the settings name a {@code preset}: a public static factory of the record, whose values
 *       stand wherever no key overrides them.
 *   <li>An {@code Optional} is empty where its key is {@code null}, also against a preset, and is
 *       written so.
 *   <li>Enums are read in any case, with {@code -} for {@code _}; a sealed interface's {@code type}
 *       key picks the record, and a {@code preset} that is a public static factory of the interface
 *       picks one with its values.
 * </ul>
 *
 * <pre>{@code
 * preset: tiny          # T3DConfig.tiny()
 * embedDim: 256
 * text:
 *   layers: 4           # the rest of TextConfig stays as in the preset
 * }</pre>
 */
public final class Configs {
  private static final ObjectMapper JSON =
      configure(new ObjectMapper()).enable(SerializationFeature.INDENT_OUTPUT);
  private static final ObjectMapper YAML =
      configure(
          new ObjectMapper(
              YAMLFactory.builder()
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .disable(YAMLGenerator.Feature.USE_NATIVE_TYPE_ID)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                  .build()));

  private Configs() {}

  /** An optional setting: its value, or null. */
  @SuppressWarnings("rawtypes")
  private static final class OptionalSerializer extends JsonSerializer<Optional> {
    @Override
    public void serialize(Optional value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      if (value.isPresent()) {
        provider.defaultSerializeValue(value.get(), out);
      } else {
        out.writeNull();
      }
    }

    /** What {@code @JsonInclude(NON_EMPTY)} leaves out. */
    @Override
    public boolean isEmpty(SerializerProvider provider, Optional value) {
      return value.isEmpty();
    }
  }

  /** Jackson's rules and {@link LeftOutWhenEmpty}. */
  private static final class Annotations extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1;

    @Override
    public JsonInclude.Value findPropertyInclusion(Annotated property) {
      return property.hasAnnotation(LeftOutWhenEmpty.class)
          ? JsonInclude.Value.construct(
              JsonInclude.Include.NON_EMPTY, JsonInclude.Include.USE_DEFAULTS)
          : super.findPropertyInclusion(property);
    }
  }

  private static ObjectMapper configure(ObjectMapper mapper) {
    SimpleModule paths = new SimpleModule();
    paths.addSerializer(Path.class, ToStringSerializer.instance);
    paths.addSerializer(Optional.class, new OptionalSerializer());
    return mapper
        .setAnnotationIntrospector(new Annotations())
        .registerModule(paths)
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  }

  /**
   * Reads the settings of a model.
   *
   * @param file {@code .yaml}, {@code .yml} or {@code .json}
   * @throws IOException when the file is missing or unreadable
   * @throws T3dException naming the file and the key that is wrong
   */
  public static T3DConfig load(Path file) throws IOException {
    return load(file, T3DConfig.class);
  }

  /**
   * Reads a settings record.
   *
   * @param file {@code .yaml}, {@code .yml} or {@code .json}
   * @param type a record
   * @throws IOException when the file is missing or unreadable
   * @throws T3dException naming the file and the key that is wrong
   */
  public static <T> T load(Path file, Class<T> type) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such settings file");
    }
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + " is not a file, expected settings as YAML or JSON");
    }
    String text = PointerFiles.readText(file);
    boolean json = file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
    return usage(json ? JSON : YAML, text, file.toString(), type);
  }

  /**
   * Reads a settings record from YAML text.
   *
   * @throws T3dException naming the key that is wrong
   */
  public static <T> T fromYaml(String yaml, Class<T> type) {
    return usage(YAML, yaml, type.getSimpleName() + " as YAML", type);
  }

  /**
   * Reads a settings record from JSON text, which a program wrote.
   *
   * @throws IllegalArgumentException naming the key that is wrong; the caller knows what it read
   */
  public static <T> T fromJson(String json, Class<T> type) {
    return parse(JSON, json, type.getSimpleName() + " as JSON", type);
  }

  /**
   * Reads a settings record from JSON text that was read from a file, perhaps changed since.
   *
   * @param file names the text in messages
   * @throws T3dException naming the file and the key that is wrong
   */
  public static <T> T fromJson(String json, Class<T> type, Path file) {
    try {
      return parse(JSON, json, file.toString(), type);
    } catch (IllegalArgumentException e) {
      throw new T3dException(T3dException.Kind.INPUT, e.getMessage(), e);
    }
  }

  /** Writes settings as YAML, keys in the order of the record. */
  public static String toYaml(Object settings) {
    return write(YAML, settings);
  }

  /** Writes settings as indented JSON, keys in the order of the record. */
  public static String toJson(Object settings) {
    return write(JSON, settings) + "\n";
  }

  /** What a user wrote: a mistake in it is the user's. */
  private static <T> T usage(ObjectMapper mapper, String text, String source, Class<T> type) {
    try {
      return parse(mapper, text, source, type);
    } catch (IllegalArgumentException e) {
      throw new T3dException(T3dException.Kind.USAGE, e.getMessage(), e);
    }
  }

  private static <T> T parse(ObjectMapper mapper, String text, String source, Class<T> type) {
    JsonNode root;
    try {
      root = mapper.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(source + ": not valid: " + why(e), e);
    }
    if (root == null || root.isMissingNode() || root.isNull()) {
      throw new IllegalArgumentException(
          source + ": empty, expected the keys of " + type.getSimpleName());
    }
    return new RecordBinder(source).bind(root, type);
  }

  /** Without Jackson's words on what it does not quote. YAML's own words tell the place. */
  private static String why(JsonProcessingException e) {
    String words = e.getOriginalMessage();
    JsonLocation at = e.getLocation();
    return at == null || words.contains(" line ")
        ? words
        : words + ", in line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private static String write(ObjectMapper mapper, Object settings) {
    try {
      return mapper.writeValueAsString(settings);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "Cannot write " + settings.getClass() + " as settings: " + e.getOriginalMessage(), e);
    }
  }
}

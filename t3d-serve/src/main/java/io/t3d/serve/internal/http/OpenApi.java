package io.t3d.serve.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.CustomDefinition.AttributeInclusion;
import com.github.victools.jsonschema.generator.CustomDefinition.DefinitionType;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import io.t3d.serve.internal.Problem;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Describes the endpoints in OpenAPI 3.1, whose schemas are JSON Schema 2020-12: made of the routes
 * that are registered and of the records that are read and written, so that it cannot say other
 * things than are served.
 */
final class OpenApi {
  private static final String BINARY = "application/octet-stream";

  private static final Set<String> NOT_IN_QUERY = Set.of("path", "dicomWeb", "text", "prompts");

  private final SchemaGenerator schemas;

  private OpenApi() {
    SchemaGeneratorConfigBuilder config =
        new SchemaGeneratorConfigBuilder(SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
            .with(Option.FLATTENED_OPTIONALS)
            .with(Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES)
            .with(Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT)
            .with(Option.INLINE_ALL_SCHEMAS)
            .without(Option.SCHEMA_VERSION_INDICATOR);
    config
        .forFields()
        .withRequiredCheck(field -> !field.getType().isInstanceOf(Optional.class))
        .withNullableCheck(field -> field.getType().isInstanceOf(Optional.class));
    config
        .forTypesInGeneral()
        .withCustomDefinitionProvider(
            (type, context) ->
                type.isInstanceOf(JsonNode.class)
                    ? new CustomDefinition(
                        Json.object(), DefinitionType.INLINE, AttributeInclusion.NO)
                    : null);
    schemas = new SchemaGenerator(config.build());
  }

  /**
   * The document.
   *
   * @param routes all that are registered
   * @param token whether a token is asked for
   */
  static ObjectNode of(List<Route> routes, boolean token) {
    return new OpenApi().document(routes, token);
  }

  private ObjectNode document(List<Route> routes, boolean token) {
    ObjectNode out = Json.object();
    out.put("openapi", "3.1.0");
    ObjectNode info = out.putObject("info");
    info.put("title", "T3D");
    info.put("summary", "A trained model of 3D CT and reports");
    info.put("version", "1");
    ObjectNode license = info.putObject("license");
    license.put("name", "Apache-2.0");
    license.put("identifier", "Apache-2.0");
    ObjectNode components = out.putObject("components");
    components.putObject("schemas").set("Problem", schemas.generateSchema(Problem.class));
    if (token) {
      ObjectNode bearer = components.putObject("securitySchemes").putObject("token");
      bearer.put("type", "http");
      bearer.put("scheme", "bearer");
      out.putArray("security").addObject().putArray("token");
    }
    ObjectNode paths = out.putObject("paths");
    for (Route route : routes) {
      String method = route.method().name().toLowerCase(Locale.ROOT);
      ObjectNode path =
          paths.has(route.path())
              ? (ObjectNode) paths.get(route.path())
              : paths.putObject(route.path());
      describe(route, path.putObject(method), token);
    }
    return out;
  }

  private void describe(Route route, ObjectNode operation, boolean token) {
    operation.put("operationId", route.path().replaceAll("^/(v1/)?", "").replace('.', '-'));
    operation.put("summary", route.summary());
    if (token && route.path().equals(Routes.HEALTH)) {
      operation.putArray("security");
    }
    route.request().ifPresent(type -> request(route, type, operation));
    ObjectNode responses = operation.putObject("responses");
    ObjectNode ok = responses.putObject("200");
    ok.put("description", route.summary());
    ObjectNode content = ok.putObject("content").putObject(route.mediaType());
    route.answer().ifPresent(type -> content.set("schema", schemas.generateSchema(type)));
    for (int status : route.problems()) {
      ObjectNode response = responses.putObject(Integer.toString(status));
      response.put("description", org.eclipse.jetty.http.HttpStatus.getMessage(status));
      response
          .putObject("content")
          .putObject(Problem.MEDIA_TYPE)
          .putObject("schema")
          .put("$ref", "#/components/schemas/Problem");
    }
  }

  private void request(Route route, Class<?> type, ObjectNode operation) {
    ObjectNode body = operation.putObject("requestBody");
    body.put("required", true);
    ObjectNode content = body.putObject("content");
    content.putObject(Json.MEDIA_TYPE).set("schema", schemas.generateSchema(type));
    if (route.input() != Route.Input.VOLUME) {
      return;
    }
    body.put(
        "description",
        "A volume: NIfTI (.nii, .nii.gz) or a zip of DICOM files, as the body or as a part of a"
            + " form; or JSON with its path below the service's root, or with the UIDs of a series"
            + " in the service's archive (dicomWeb). Beside a body the rest of the request stands"
            + " in the query, beside a part in the query or in the part request as JSON.");
    ObjectNode bytes = content.putObject(BINARY).putObject("schema");
    bytes.put("type", "string");
    bytes.put("format", "binary");
    ObjectNode form = content.putObject("multipart/form-data").putObject("schema");
    form.put("type", "object");
    form.putArray("required").add(Exchange.VOLUME_PART);
    ObjectNode parts = form.putObject("properties");
    parts.putObject(Exchange.VOLUME_PART).put("type", "string").put("format", "binary");
    parts.set(Exchange.REQUEST_PART, schemas.generateSchema(type));
    query(type, operation.putArray("parameters"));
  }

  /**
   * What a query can say: all but where the volume is, and what is not a word, a number or a list
   * of words.
   */
  private void query(Class<?> type, ArrayNode parameters) {
    JsonNode properties = schemas.generateSchema(type).get("properties");
    for (RecordComponent component : type.getRecordComponents()) {
      String name = component.getName();
      if (!NOT_IN_QUERY.contains(name)) {
        ObjectNode parameter = parameters.addObject();
        parameter.put("name", name);
        parameter.put("in", "query");
        parameter.put("required", false);
        parameter.set("schema", properties.get(name));
      }
    }
  }
}

package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The description says what is served, and what is served is as described. */
class OpenApiTest {
  @TempDir static Path dir;
  private static ModelFolders folders;
  private static TrainedModel model;
  private static T3dServer server;
  private static Client client;
  private static JsonNode document;

  @BeforeAll
  static void start() throws Exception {
    model = Phantoms.model();
    folders = ModelFolders.make(model, dir);
    server =
        T3dServer.builder(model)
            .settings(ServeSettings.builder().port(0).build())
            .segmenter(folders.segmenter())
            .decoder(folders.decoder())
            .gallery(List.of(folders.gallery()))
            .start();
    client = new Client(server);
    document = client.get("/openapi.json").json();
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  private static JsonNode at(String path, String method) {
    return document.get("paths").get(path).get(method);
  }

  private static Set<ValidationMessage> differences(JsonNode schema, JsonNode answer) {
    JsonSchema validator =
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema);
    return validator.validate(answer);
  }

  private static void assertAsDescribed(String path, String method, Client.Reply reply) {
    assertThat(reply.status()).as(path + reply.text()).isEqualTo(200);
    JsonNode content = at(path, method).at("/responses/200/content");
    assertThat(content.fieldNames()).toIterable().hasSize(1);
    assertThat(reply.type().replace("charset=utf-8", ""))
        .startsWith(content.fieldNames().next().replace("charset=utf-8", ""));
    JsonNode schema = content.elements().next().get("schema");
    if (schema != null) {
      assertThat(differences(schema, reply.json())).as(path).isEmpty();
    }
  }

  @Test
  void everyDescribedPathAnswersAsDescribed() throws Exception {
    byte[] volume = Files.readAllBytes(folders.volume());
    List<String> seen = new ArrayList<>();
    for (var path : document.get("paths").properties()) {
      for (var methods = path.getValue().fieldNames(); methods.hasNext(); ) {
        String method = methods.next();
        Client.Reply reply;
        if (method.equals("get")) {
          reply = client.get(path.getKey());
        } else if (path.getKey().equals("/v1/text-embed")) {
          reply = client.json(path.getKey(), "{\"texts\": [\"No nodule.\"]}");
        } else {
          reply = client.volume(path.getKey(), volume);
        }
        assertAsDescribed(path.getKey(), method, reply);
        seen.add(method + " " + path.getKey());
      }
    }
    assertThat(seen)
        .containsExactlyInAnyOrder(
            "post /v1/embed",
            "post /v1/zero-shot",
            "post /v1/retrieve",
            "post /v1/segment",
            "post /v1/report",
            "post /v1/text-embed",
            "get /healthz",
            "get /metrics",
            "get /v1/model",
            "get /openapi.json");
  }

  @Test
  void problemsAreAsDescribed() throws IOException, InterruptedException {
    JsonNode schema = document.at("/components/schemas/Problem");
    for (Client.Reply reply :
        List.of(
            client.json("/v1/embed", "{}"),
            client.volume("/v1/embed", new byte[] {1, 2, 3, 4}),
            client.get("/nothing"))) {
      assertThat(differences(schema, reply.json())).isEmpty();
    }
    assertThat(at("/v1/embed", "post").get("responses").has("400")).isTrue();
    assertThat(at("/v1/embed", "post").get("responses").has("415")).isTrue();
  }

  @Test
  void whatIsDescribedAsWrongIsRefused() throws Exception {
    JsonNode schema =
        at("/v1/text-embed", "post").at("/requestBody/content/application~1json/schema");
    for (String wrong : List.of("{}", "{\"texts\": [\"a\"], \"more\": 1}", "{\"texts\": 3}")) {
      assertThat(differences(schema, new ObjectMapper().readTree(wrong))).as(wrong).isNotEmpty();
      client.json("/v1/text-embed", wrong).problem(400);
    }
    String right = "{\"texts\": [\"a\"]}";
    assertThat(differences(schema, new ObjectMapper().readTree(right))).isEmpty();
  }
}

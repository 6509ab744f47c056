package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Splitter;
import io.t3d.core.TestDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against transformers, on the folders and texts of {@code tokenizer_goldens.py}. */
class TokenizerGoldensTest {
  private static final Path FILE = Path.of("src/test/resources/golden/tokenizers/cases.json");
  private static final int UNCUT = 5000;
  private static final JsonNode ROOT = read();

  @TempDir Path dir;

  private static JsonNode read() {
    try {
      return new ObjectMapper().readTree(FILE.toFile());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private record Case(String name, JsonNode node) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Stream<Case> named(String key) {
    return StreamSupport.stream(ROOT.path(key).spliterator(), false)
        .map(c -> new Case(c.path("name").asText(), c));
  }

  static Stream<Case> cases() {
    return named("cases");
  }

  static Stream<Case> cut() {
    return named("cut");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void idsAreThoseOfTransformers(Case golden) throws IOException {
    try (ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(folder(golden), UNCUT)) {
      assertIds(tokenizer, golden);
      assertThat(tokenizer.vocabSize()).isEqualTo(golden.node().path("size").asInt());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aSavedTokenizerNeedsNoSettings(Case golden) throws IOException {
    Path saved = dir.resolve("saved.json");
    try (ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(folder(golden), UNCUT)) {
      tokenizer.save(saved);
    }
    try (ReportTokenizer again = ReportTokenizer.fromSaved(saved, UNCUT)) {
      assertIds(again, golden);
      assertThat(again.vocabSize()).isEqualTo(golden.node().path("size").asInt());
    }
  }

  @ParameterizedTest
  @MethodSource("cut")
  void modelMaxLengthAndTruncationSideAreThoseOfTransformers(Case golden) throws IOException {
    try (ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(folder(golden), UNCUT)) {
      assertThat(tokenizer.maxLength()).isEqualTo(16);
      assertIds(tokenizer, golden);
    }
  }

  private Path folder(Case golden) throws IOException {
    Path folder = Files.createDirectory(dir.resolve("folder"));
    for (Map.Entry<String, JsonNode> file : golden.node().path("files").properties()) {
      String text = file.getValue().asText();
      for (Map.Entry<String, JsonNode> shared : ROOT.path("shared").properties()) {
        text = text.replace(shared.getKey(), shared.getValue().asText());
      }
      Files.writeString(folder.resolve(file.getKey()), text);
    }
    return folder;
  }

  private static void assertIds(ReportTokenizer tokenizer, Case golden) {
    List<String> texts = new ArrayList<>();
    ROOT.path("texts").forEach(t -> texts.add(t.asText()));
    JsonNode expected = golden.node().path("ids");
    if (expected.size() > texts.size()) {
      texts.add(ROOT.path("long").asText());
    }
    assertThat(texts).hasSize(expected.size());
    try (NDManager manager = TestDevice.manager()) {
      for (int i = 0; i < texts.size(); i++) {
        long[] ids = tokenizer.encode(manager, texts.subList(i, i + 1)).tokenIds().toLongArray();
        assertThat(ids).as(texts.get(i)).containsExactly(numbers(expected.get(i).asText()));
      }
    }
  }

  private static long[] numbers(String text) {
    return Splitter.on(' ').splitToStream(text).mapToLong(Long::parseLong).toArray();
  }
}

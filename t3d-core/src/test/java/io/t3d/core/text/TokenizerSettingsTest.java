package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.t3d.core.T3dException;
import io.t3d.core.text.internal.HuggingFaceFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused, and by which name; what is honoured stands in {@link TokenizerGoldensTest}. */
class TokenizerSettingsTest {
  private static final List<String> VOCABULARY =
      List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "no", "effusion", "##s");

  @TempDir Path dir;

  @BeforeEach
  void writeVocabulary() throws IOException {
    Files.write(dir.resolve("vocab.txt"), VOCABULARY);
  }

  private ReportTokenizer open() throws IOException {
    return ReportTokenizer.fromPretrained(dir, 64);
  }

  private void write(String name, String json) throws IOException {
    Files.writeString(dir.resolve(name), json.replace('\'', '"'));
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        arguments("'split_special_tokens': true", "split_special_tokens true is not supported"),
        arguments("'padding_side': 'left'", "padding_side \"left\" is not supported"),
        arguments("'truncation_side': 'both'", "truncation_side \"both\" is not supported"),
        arguments("'do_basic_tokenize': false", "do_basic_tokenize false is not supported"),
        arguments("'never_split': ['no']", "never_split [\"no\"] is not supported"),
        arguments("'clean_text': false", "clean_text false is not supported"),
        arguments("'wordpieces_prefix': '@@'", "wordpieces_prefix \"@@\" is not supported"),
        arguments("'add_special_tokens': false", "add_special_tokens false is not supported"),
        arguments("'do_lower_case': 'yes'", "do_lower_case \"yes\" is not supported: it must be"),
        arguments("'word_tokenizer_type': 'mecab'", "word_tokenizer_type \"mecab\" is not"),
        arguments("'auto_map': {'AutoTokenizer': ['a.B', null]}", "auto_map "),
        arguments("'tokenizer_class': 'MPNetTokenizer'", "tokenizer_class MPNetTokenizer is not"),
        arguments("'tokenizer_class': 'RobertaTokenizerFast'", "is a tokenizer.json missing?"),
        arguments("'mask_token': 4", "mask_token 4 is not supported: it must be a text"),
        arguments("'additional_special_tokens': [7]", "additional_special_tokens 7 is not"),
        arguments("'added_tokens_decoder': {'x': {'content': 'a'}}", "it must map ids to tokens"),
        arguments("'added_tokens_decoder': {'9': 'a'}", "it must map ids to tokens"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsNotDoneIsRefusedByItsName(String setting, String message) throws IOException {
    write("tokenizer_config.json", "{" + setting + "}");
    assertThatThrownBy(this::open)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(dir.toString())
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(400));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'padding_side': 'right', 'truncation_side': 'right', 'model_max_length': 1e30",
        "'do_basic_tokenize': true, 'never_split': null, 'clean_text': true",
        "'split_special_tokens': false, 'clean_up_tokenization_spaces': true, 'anything': null",
        "'name_or_path': 'a/b', 'special_tokens_map_file': '/x', 'tokenizer_class': 'BertTokenizer'",
        "'model_input_names': ['input_ids'], 'use_fast': true, 'chat_template': 'x'"
      })
  void whatChangesNoTokenIsTaken(String settings) throws IOException {
    write("tokenizer_config.json", "{" + settings + "}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.tokens("No effusions"))
          .containsExactly("[CLS]", "no", "effusion", "##s", "[SEP]");
    }
  }

  @Test
  void unknownNamesOfSpecialTokensAndBrokenFilesAreNamed() throws IOException {
    write("special_tokens_map.json", "{'image_token': '<i>'}");
    assertThatThrownBy(this::open)
        .hasMessageContaining("special_tokens_map.json: image_token \"<i>\" is not supported");
    write("special_tokens_map.json", "[1]");
    assertThatThrownBy(this::open)
        .hasMessage(dir.resolve("special_tokens_map.json") + " must hold one JSON object");
    write("special_tokens_map.json", "{");
    assertThatThrownBy(this::open)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("special_tokens_map.json is not valid JSON");
    write("special_tokens_map.json", "{}");
    write("added_tokens.json", "{'x': 'y'}");
    assertThatThrownBy(this::open).hasMessageContaining("added_tokens.json: x \"y\" is not");
  }

  @Test
  void settingsThatContradictTheFileAreRefused() throws IOException {
    try (ReportTokenizer tokenizer = open()) {
      tokenizer.save(dir.resolve("tokenizer.json"));
    }
    for (String key : List.of("unk_token", "cls_token", "sep_token")) {
      write("tokenizer_config.json", "{'" + key + "': 'no'}");
      assertThatThrownBy(this::open)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining(key + " no, tokenizer.json has [");
    }
    write(
        "tokenizer_config.json",
        "{'tokenizer_class': 'PreTrainedTokenizerFast', 'do_lower_case': false}");
    assertThatThrownBy(this::open)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("do_lower_case is not what tokenizer.json does (true)");
  }

  @Test
  void anotherNormaliserIsNotToldToLowerCase() throws IOException {
    String json;
    try (ReportTokenizer tokenizer = open()) {
      tokenizer.save(dir.resolve("tokenizer.json"));
      json = Files.readString(dir.resolve("tokenizer.json"));
    }
    int from = json.indexOf("\"normalizer\"");
    int to = json.indexOf("\"pre_tokenizer\"");
    String cased = json.substring(0, from) + "\"normalizer\": null, " + json.substring(to);
    Files.writeString(dir.resolve("tokenizer.json"), cased);
    write("tokenizer_config.json", "{'do_lower_case': true}");
    assertThatThrownBy(this::open)
        .hasMessageContaining("do_lower_case is not what tokenizer.json does (false)");
    write("tokenizer_config.json", "{'do_lower_case': false}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.tokens("No no")).containsExactly("[CLS]", "[UNK]", "no", "[SEP]");
    }
  }

  @Test
  void aModelThatDrawsPiecesOrIsSentencePieceIsRefused() throws IOException {
    Path file = dir.resolve("tokenizer.json");
    write("tokenizer.json", "{'model': {'type': 'Unigram', 'vocab': [['a', -1.5]]}}");
    assertThatThrownBy(this::open)
        .hasMessageStartingWith(file + " is a Unigram model (SentencePiece");
    write("tokenizer.json", "{'model': {'type': 'BPE', 'dropout': 0.1, 'vocab': {'a': 0}}}");
    assertThatThrownBy(this::open).hasMessageStartingWith(file + ": model.dropout 0.1 is not");
  }

  @Test
  void aTokenMayNotGetTheIdOfAnother() throws IOException {
    Files.write(dir.resolve("vocab.txt"), List.of("[UNK]", "[CLS]", "[SEP]", "no", "no", "yes"));
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.vocabSize()).isEqualTo(6);
    }
    write("special_tokens_map.json", "{'additional_special_tokens': ['ggo']}");
    assertThatThrownBy(this::open)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("has the id 5 for 'yes', which an added token would get too");
  }

  @Test
  void anIdOfTwoTokensIsRefused() throws IOException {
    write("added_tokens.json", "{'ggo': 6}");
    assertThatThrownBy(this::open)
        .isInstanceOf(T3dException.class)
        .hasMessage(
            dir
                + ": its settings give the id 6 to 'ggo', its vocabulary to 'effusion'; are the"
                + " files of one tokenizer?");
    write("added_tokens.json", "{'ggo': 8}");
    try (ReportTokenizer tokenizer = open()) {
      tokenizer.save(dir.resolve("tokenizer.json"));
    }
    write("added_tokens.json", "{'[FINDINGS]': 8}");
    assertThatThrownBy(this::open).hasMessageContaining("the id 8 to '[FINDINGS]', its vocab");
  }

  @Test
  void anAddedTokenIsShownAsItIsSpelledThoughTheVocabularyIsLowerCase() throws IOException {
    write("added_tokens.json", "{'[GGO]': 8}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.tokens("No [GGO] no"))
          .containsExactly("[CLS]", "no", "[GGO]", "no", "[SEP]");
    }
  }

  @Test
  void aBlankLastLineCountsWhereAddedTokensWereNumberedBehindIt() throws IOException {
    Files.writeString(dir.resolve("vocab.txt"), String.join("\n", VOCABULARY) + "\n\n");
    write("added_tokens.json", "{'ggo': 9}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.addedTokens()).containsEntry("ggo", 9);
    }
    write("added_tokens.json", "{'ggo': 8}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.addedTokens()).containsEntry("ggo", 8);
    }
  }

  @Test
  void aVocabularyMayLackTheTokensThatNoReportNeeds() throws IOException {
    Files.write(dir.resolve("vocab.txt"), List.of("[UNK]", "[CLS]", "[SEP]", "no"));
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.vocabSize()).isEqualTo(4);
      assertThat(tokenizer.addedTokens()).isEmpty();
    }
    write("special_tokens_map.json", "{'mask_token': '[MASK]'}");
    try (ReportTokenizer tokenizer = open()) {
      assertThat(tokenizer.vocabSize()).isEqualTo(5);
      assertThat(tokenizer.addedTokens()).containsEntry("[MASK]", 4);
    }
  }

  @Test
  void anExportIsReadAsItWasWritten() throws IOException {
    write("tokenizer_config.json", "{'do_lower_case': false, 'model_max_length': 20}");
    try (ReportTokenizer tokenizer = open()) {
      Path out = Files.createDirectory(dir.resolve("out"));
      tokenizer.save(out.resolve("tokenizer.json"));
      Files.writeString(
          out.resolve("tokenizer_config.json"), HuggingFaceFolder.describe(tokenizer));
      Files.writeString(out.resolve("config.json"), "{\"model_type\": \"bert\"}");
      try (ReportTokenizer again = ReportTokenizer.fromPretrained(out, 64)) {
        assertThat(again.tokens("No no")).isEqualTo(tokenizer.tokens("No no"));
        assertThat(again.maxLength()).isEqualTo(20);
        assertThat(again.checksum()).isEqualTo(tokenizer.checksum());
      }
    }
  }

  /**
   * Bits, bytes, cuts: what is damaged is refused by a message for the user, or still a tokenizer.
   */
  @Test
  void damagedFilesGiveErrorsForTheUser() throws IOException {
    write("tokenizer_config.json", "{'do_lower_case': true, 'mask_token': '[MASK]'}");
    write("special_tokens_map.json", "{'additional_special_tokens': ['[FINDINGS]']}");
    write("added_tokens.json", "{'[FINDINGS]': 8}");
    try (ReportTokenizer tokenizer = open()) {
      tokenizer.save(dir.resolve("tokenizer.json"));
    }
    List<String> names =
        List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json");
    SplittableRandom random = new SplittableRandom(1);
    int refused = 0;
    for (int i = 0; i < 400; i++) {
      Path file = dir.resolve(names.get(random.nextInt(names.size())));
      byte[] sound = Files.readAllBytes(file);
      Files.write(file, damaged(sound, random));
      try (ReportTokenizer tokenizer = open()) {
        assertThat(tokenizer.vocabSize()).isPositive();
      } catch (T3dException | IOException e) {
        refused++;
        assertThat(e).hasMessageContaining(dir.toString());
      }
      Files.write(file, sound);
    }
    assertThat(refused).isBetween(100, 399);
  }

  private static byte[] damaged(byte[] sound, SplittableRandom random) {
    byte[] out = sound.clone();
    int at = random.nextInt(out.length);
    switch (random.nextInt(3)) {
      case 0 -> out[at] ^= (byte) (1 << random.nextInt(7));
      case 1 -> out[at] = (byte) "\"{}[],:0a-".charAt(random.nextInt(10));
      default -> out = Arrays.copyOf(out, at);
    }
    return out;
  }
}

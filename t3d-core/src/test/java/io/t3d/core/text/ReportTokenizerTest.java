package io.t3d.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.TextConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTokenizerTest {
  private static final String REPORT =
      "FINDINGS: No pleural effusion. A 7 mm subpleural nodule in the right upper lobe.";

  @TempDir Path dir;

  @Test
  void theBuiltinVocabularyKnowsRadiologyWords() {
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(64)) {
      assertThat(tokenizer.vocabSize()).isBetween(1500, 4096);
      assertThat(tokenizer.tokens(REPORT))
          .containsExactly(
              "[CLS]",
              "findings",
              ":",
              "no",
              "pleural",
              "effusion",
              ".",
              "a",
              "7",
              "mm",
              "subpleural",
              "nodule",
              "in",
              "the",
              "right",
              "upper",
              "lobe",
              ".",
              "[SEP]");
    }
  }

  @Test
  void noPrintableTextIsUnknown() {
    String ascii =
        IntStream.rangeClosed(' ', '~').mapToObj(Character::toString).collect(Collectors.joining());
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(512)) {
      for (String text :
          List.of(ascii, "Quetschverletzung", "naïve café", "≥ 3.5×4 cm², ±2°", "xqzjv123abc")) {
        assertThat(tokenizer.tokens(text)).doesNotContain("[UNK]");
      }
    }
  }

  @Test
  void aBatchIsPaddedToItsLongestReport() {
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(64);
        NDManager manager = TestDevice.manager();
        TokenBatch batch = tokenizer.encode(manager, List.of("normal", "no pleural effusion"))) {
      assertThat(batch.tokenIds().getShape()).isEqualTo(new Shape(2, 5));
      assertThat(batch.attentionMask().toLongArray()).containsExactly(1, 1, 1, 0, 0, 1, 1, 1, 1, 1);
      long[] ids = batch.tokenIds().toLongArray();
      assertThat(ids).startsWith(2).endsWith(3); // [CLS] … [SEP]
      assertThat(ids[2]).isEqualTo(3);
      assertThat(ids[3]).isZero(); // [PAD]
    }
  }

  @Test
  void aLongReportIsCutAndKeepsItsSpecialTokens() {
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(6)) {
      assertThat(tokenizer.tokens(REPORT))
          .containsExactly("[CLS]", "findings", ":", "no", "pleural", "[SEP]");
    }
  }

  @Test
  void aLengthBeyondBertsFiveHundredTwelveIsKept() {
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(700)) {
      assertThat(tokenizer.tokens("effusion ".repeat(1000))).hasSize(700);
    }
  }

  @Test
  void aBlankReportIsAnErrorThatNamesIt() {
    try (ReportTokenizer tokenizer = ReportTokenizer.builtin(64);
        NDManager manager = TestDevice.manager()) {
      assertThatThrownBy(() -> tokenizer.encode(manager, List.of("normal", " \n")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("reports[1] is blank; drop the pair or give it a text");
      assertThatThrownBy(() -> tokenizer.encode(manager, List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("reports must hold at least one report, got none");
    }
  }

  @Test
  void aVocabularyOfTheCorpusHoldsItsFrequentWords() {
    List<String> reports = List.of("Nodule nodule nodule.", "Effusion, effusion; éclair");
    try (ReportTokenizer tokenizer = ReportTokenizer.fromCorpus(reports, 111, 64)) {
      assertThat(tokenizer.vocabSize()).isEqualTo(111);
      assertThat(tokenizer.tokens("nodule effusion eclair"))
          .startsWith("[CLS]", "nodule", "effusion", "e", "##c")
          .doesNotContain("[UNK]");
    }
  }

  @Test
  void aCorpusNeedsRoomForItsCharacters() {
    assertThatThrownBy(() -> ReportTokenizer.fromCorpus(List.of("nodule"), 50, 64))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("maxVocab must be at least 109")
        .hasMessageEndingWith("got 50");
    assertThatThrownBy(() -> ReportTokenizer.fromCorpus(List.of(" "), 500, 64))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("at least one word");
  }

  @Test
  void aSavedTokenizerGivesTheSameTokens() throws IOException {
    Path file = dir.resolve("a/tokenizer.json");
    try (ReportTokenizer tokenizer = ReportTokenizer.fromCorpus(List.of(REPORT), 200, 64)) {
      tokenizer.save(file);
      try (ReportTokenizer byFile = ReportTokenizer.fromPretrained(file, 64);
          ReportTokenizer byFolder = ReportTokenizer.fromPretrained(file.getParent(), 64)) {
        assertThat(byFile.tokens(REPORT)).isEqualTo(tokenizer.tokens(REPORT));
        assertThat(byFolder.vocabSize()).isEqualTo(tokenizer.vocabSize());
      }
    }
  }

  @Test
  void aFolderWithVocabTxtIsEnough() throws IOException {
    Files.write(
        dir.resolve("vocab.txt"), List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "effusion"));
    try (ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(dir, 64)) {
      assertThat(tokenizer.tokens("No effusion!"))
          .containsExactly("[CLS]", "no", "effusion", "[UNK]", "[SEP]");
    }
    Files.writeString(dir.resolve("tokenizer_config.json"), "{\"do_lower_case\": false}");
    try (ReportTokenizer cased = ReportTokenizer.fromPretrained(dir, 64)) {
      assertThat(cased.tokens("No effusion"))
          .containsExactly("[CLS]", "[UNK]", "effusion", "[SEP]");
    }
  }

  @Test
  void aMissingTokenizerIsAnErrorThatSaysWhatIsExpected() {
    assertThatThrownBy(() -> ReportTokenizer.fromPretrained(dir.resolve("nothing"), 64))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("nothing")
        .hasMessageContaining("expected a tokenizer.json, or a folder with");
    TextConfig config = TextConfig.tiny().withTokenizer(dir.resolve("gone").toString(), 4096);
    assertThatThrownBy(() -> ReportTokenizer.of(config))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("TextConfig.tokenizer: ")
        .hasMessageContaining("gone");
  }

  @Test
  void aCorruptTokenizerIsAnErrorThatNamesIt() throws IOException {
    Path cut = Files.writeString(dir.resolve("cut.json"), "{\"model\": {\"vocab\"");
    assertThatThrownBy(() -> ReportTokenizer.fromPretrained(cut, 64))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("cut.json is not valid JSON; is the file complete?");
    Path other = Files.writeString(dir.resolve("other.json"), "{\"a\": 1}");
    assertThatThrownBy(() -> ReportTokenizer.fromPretrained(other, 64))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("it has no model.vocab object");
    Path odd =
        Files.writeString(
            dir.resolve("odd.json"), "{\"model\": {\"type\": \"Odd\", \"vocab\": {\"a\": 0}}}");
    assertThatThrownBy(() -> ReportTokenizer.fromPretrained(odd, 64))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("odd.json is not a tokenizer that HuggingFace's library can read");
  }

  @Test
  void nativesThatJavaForbidsAreNotTakenForABadTokenizer() {
    Throwable e =
        new ExceptionInInitializerError(
            new IllegalCallerException("Illegal native access from: unnamed module"));
    T3dException refused = ReportTokenizer.unreadable("tokenizer.json", e);
    assertThat(refused)
        .hasMessage(
            "HuggingFace's tokenizers do not load: Illegal native access from: unnamed module;"
                + " start Java with --enable-native-access=ALL-UNNAMED, which lets libraries load"
                + " native code");
    assertThat(refused.kind()).isEqualTo(T3dException.Kind.ENVIRONMENT);
    assertThat(ReportTokenizer.unreadable("t.json", new UnsatisfiedLinkError("no space left")))
        .hasMessage(
            "HuggingFace's tokenizers do not load: no space left; put"
                + " ai.djl.huggingface:tokenizers on the class path and keep ~/.djl.ai writable");
  }

  @Test
  void theCorpusVocabularyNeedsTheReports() {
    assertThatThrownBy(() -> ReportTokenizer.of(TextConfig.tiny().withTokenizer("corpus", 4096)))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("ReportTokenizer.fromCorpus");
  }

  @Test
  void idsBecomeTextAgainWithoutSpecialTokens() {
    List<String> reports = List.of("A 12 mm nodule, left upper lobe.", "No effusion.");
    try (ReportTokenizer tokenizer = ReportTokenizer.fromCorpus(reports, 200, 32);
        NDManager manager = TestDevice.manager()) {
      TokenBatch batch = tokenizer.encode(manager, reports);
      long[] ids = batch.tokenIds().get(1).toLongArray();
      assertThat(ids[0]).isEqualTo(tokenizer.beginId());
      assertThat(ids).contains(tokenizer.endId(), tokenizer.padId());
      assertThat(tokenizer.decode(ids)).isEqualTo("no effusion.");
      assertThat(tokenizer.decode(batch.tokenIds().get(0).toLongArray()))
          .isEqualTo("a 12 mm nodule, left upper lobe.");
      assertThat(tokenizer.specialIds())
          .contains(tokenizer.beginId(), tokenizer.endId(), tokenizer.padId())
          .hasSize(5);
      assertThat(tokenizer.checksum()).hasSize(64);
    }
  }
}

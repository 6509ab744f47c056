package io.t3d.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigsTest {
  @TempDir Path folder;

  @Test
  void everyPresetSurvivesYamlAndJson() throws IOException {
    for (T3DConfig config : List.of(T3DConfig.tiny(), T3DConfig.resnet50(), T3DConfig.vitBase())) {
      assertThat(Configs.fromYaml(Configs.toYaml(config), T3DConfig.class)).isEqualTo(config);
      assertThat(Configs.fromJson(Configs.toJson(config), T3DConfig.class)).isEqualTo(config);
      Path yaml = Files.writeString(folder.resolve("c.yaml"), Configs.toYaml(config));
      Path json = Files.writeString(folder.resolve("c.json"), Configs.toJson(config));
      assertThat(Configs.load(yaml)).isEqualTo(config);
      assertThat(Configs.load(json)).isEqualTo(config);
    }
  }

  @Test
  void aPresetIsOverriddenKeyByKey() {
    T3DConfig config =
        Configs.fromYaml("preset: tiny\nembedDim: 64\ntext:\n  layers: 4\n", T3DConfig.class);
    assertThat(config.embedDim()).isEqualTo(64);
    assertThat(config.text().bert("test").layers()).isEqualTo(4);
    assertThat(config.text().hiddenSize()).isEqualTo(TextConfig.tiny().hiddenSize());
    assertThat(config.vision()).isEqualTo(T3DConfig.tiny().vision());
  }

  @Test
  void aPresetMayChangeTheKindOfEncoder() {
    T3DConfig config =
        Configs.fromYaml(
            "preset: resnet50\nvision: {type: vit3d, preset: base, layers: 6}", T3DConfig.class);
    assertThat(config.vision()).isInstanceOf(Vit3dConfig.class);
    assertThat(((Vit3dConfig) config.vision()).layers()).isEqualTo(6);
  }

  @Test
  void aBuilderChangesWhatItIsToldAndKeepsTheRest() {
    Vit3dConfig vit = Vit3dConfig.builder().layers(6).patch(Size3.cube(8)).build();
    assertThat(vit)
        .isEqualTo(
            new Vit3dConfig(
                Size3.cube(8),
                768,
                6,
                12,
                3072,
                Vit3dConfig.Position.SINCOS,
                new Size3(12, 12, 12),
                0,
                false,
                1e-5));
    assertThat(vit.toBuilder().build()).isEqualTo(vit);
    TextConfig text = TextConfig.builder().tokenizer("corpus").positions(514).build();
    assertThat(text.toBuilder().tokenizer("builtin").positions(512).build())
        .isEqualTo(TextConfig.bertBase());
    T3DConfig tiny = T3DConfig.tiny();
    assertThat(tiny.toBuilder().embedDim(64).build())
        .isEqualTo(
            new T3DConfig(tiny.vision(), tiny.text(), 64, tiny.projection(), tiny.temperature()));
    assertThatThrownBy(() -> TextConfig.builder().heads(5).build())
        .hasMessage("TextConfig.hiddenSize must be a multiple of heads, got 768 and 5");
  }

  @Test
  void encodersOfOnesOwnSurviveJson() {
    T3DConfig own =
        T3DConfig.tiny().toBuilder()
            .vision(new CustomVisionConfig("a.b.Eyes", 64))
            .text(new CustomTextConfig("a.b.Reader", 4096, 32, 128))
            .build();
    assertThat(Configs.fromJson(Configs.toJson(own), T3DConfig.class)).isEqualTo(own);
    assertThatThrownBy(() -> own.text().bert("Export"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Export needs a text encoder of the BERT family")
        .hasMessageEndingWith("got a.b.Reader");
  }

  @Test
  void enumsAreReadInAnyCaseAndNumbersWithoutAPoint() {
    TextConfig text =
        Configs.fromYaml("preset: tiny\npooling: cls\nlayerNormEps: 1e-5", TextConfig.class);
    assertThat(text.pooling()).isEqualTo(TextConfig.Pooling.CLS);
    assertThat(text.layerNormEps()).isEqualTo(1e-5);
  }

  @Test
  void whatIsReadOfLongReportsIsASettingThatOldFilesLack() {
    TextConfig text =
        Configs.fromYaml("preset: tiny\nlongReports: sentence-windows", TextConfig.class);
    assertThat(text.longReports()).contains(TextConfig.LongReports.SENTENCE_WINDOWS);
    assertThat(Configs.fromJson(Configs.toJson(text), TextConfig.class)).isEqualTo(text);
    TextConfig silent = TextConfig.tiny();
    assertThat(silent.longReports()).isEmpty();
    assertThat(Configs.toJson(silent)).doesNotContain("longReports");
    assertThat(Configs.fromJson(Configs.toJson(silent), TextConfig.class)).isEqualTo(silent);
    assertFails(
        "preset: tiny\ntext: {longReports: tail-head}", "must be one of [HEAD, TAIL, HEAD_T");
  }

  @Test
  void settingsOfPublishedModelsAreLeftOutOfOldFiles() {
    TextConfig text =
        TextConfig.tiny().toBuilder()
            .attentionWindow(512)
            .wording(TextConfig.Wording.LOWER_WORD_PUNCT)
            .build();
    assertThat(Configs.fromJson(Configs.toJson(text), TextConfig.class)).isEqualTo(text);
    assertThat(Configs.toJson(TextConfig.tiny())).doesNotContain("attentionWindow", "wording");
    ResNet3dConfig plain = ResNet3dConfig.resnet18();
    ResNet3dConfig inflated =
        new ResNet3dConfig(
            plain.block(),
            plain.layers(),
            plain.widths(),
            7,
            2,
            true,
            Optional.of(new ResNet3dConfig.StemDepth(3, 1)));
    assertThat(Configs.fromJson(Configs.toJson(inflated), ResNet3dConfig.class))
        .isEqualTo(inflated);
    assertThat(Configs.toJson(plain)).doesNotContain("stemDepth");
    T3DConfig silent =
        T3DConfig.tiny().toBuilder().text(new NoTextConfig("it is a vision encoder", 128)).build();
    assertThat(Configs.fromJson(Configs.toJson(silent), T3DConfig.class)).isEqualTo(silent);
    assertThatThrownBy(() -> silent.text().bert("Export"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Export needs a text encoder, but this model has none: it is a vision encoder");
  }

  /** The pieces of NLTK's wordpunct_tokenize of the lower-cased text, with blanks between. */
  @Test
  void aWordingIsLowerCaseWordsAndPunctuation() {
    assertThat(TextConfig.Wording.LOWER_WORD_PUNCT.apply("Liver:  5.2cm (normal).\nNo ascites!?"))
        .isEqualTo("liver : 5 . 2cm ( normal ). no ascites !?");
  }

  @Test
  void anUnknownKeyIsNamedWithItsPathAndATypoHint() {
    assertFails("preset: tiny\ntext:\n  layer: 3", "'text.layer' is not a known key")
        .hasMessageContaining("TextConfig knows [tokenizer, vocabSize, hiddenSize")
        .hasMessageEndingWith("did you mean 'layers'?");
    assertFails("preset: tiny\nvision: {type: resnet3d, stem_kernel: 3}", "'vision.stem_kernel'")
        .hasMessageEndingWith("did you mean 'stemKernel'?");
  }

  record Note(String text, Size3 size) {
    Note {
      java.util.Objects.requireNonNull(text, "Note.text");
    }
  }

  @Test
  void nullIsAValueWhereTheRecordAllowsIt() {
    Note note = Configs.fromYaml("text: a\nsize: null\n", Note.class);
    assertThat(note).isEqualTo(new Note("a", null));
    assertThat(Configs.fromJson(Configs.toJson(note), Note.class)).isEqualTo(note);

    assertThatThrownBy(() -> Configs.fromYaml("text: null\nsize: null\n", Note.class))
        .hasMessageEndingWith("Note.text must have a value, got null");
  }

  @Test
  void missingKeysAreNamed() {
    assertFails("embedDim: 128", "the top level misses the required key(s) [vision, text, projec");
  }

  @Test
  void aWrongTypeSaysWhatWasExpectedAndFound() {
    assertFails("preset: tiny\nembedDim: many", "'embedDim' must be an integer, got \"many\"");
    assertFails("preset: tiny\nembedDim: 1.5", "'embedDim' must be an integer, got 1.5 (number)");
    assertFails(
        "preset: tiny\nvision: {layers: [1, x, 1, 1]}",
        "'vision.layers[1]' must be an integer, got \"x\" (string)");
    assertFails("preset: tiny\ntext: 3", "'text' must be a map of keys to values, got 3");
    assertFails("- 1", "the top level must be a map of keys to values, got [1] (array)");
  }

  @Test
  void valuesOutsideAChoiceListTheChoices() {
    assertFails("preset: tiny\ntext: {pooling: men}", "must be one of [CLS, MEAN], got \"men\"")
        .hasMessageEndingWith("did you mean 'MEAN'?");
    assertFails("preset: tiny\nvision: {type: resnet}", "'vision.type' must be one of [resnet3d")
        .hasMessageEndingWith("did you mean 'resnet3d'?");
    assertFails("preset: tinny", "'preset' must be one of [resnet50, tiny, vitBase]")
        .hasMessageEndingWith("did you mean 'tiny'?");
  }

  @Test
  void theRecordsOwnChecksPassThrough() {
    assertFails(
        "preset: tiny\nvision: {stemStride: 0}",
        "vision: ResNet3dConfig.stemStride must be > 0, got 0");
  }

  @Test
  void brokenTextAndMissingFilesAreNamed() throws IOException {
    assertFails("a: [1", "not valid");
    assertFails("embedDim: 1\nembedDim: 2", "Duplicate");
    assertFails("", "empty, expected the keys of T3DConfig");
    assertThatThrownBy(() -> Configs.load(folder.resolve("no.yaml")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("no.yaml: no such settings file");
    Path file = Files.writeString(folder.resolve("bad.yaml"), "x: 1");
    assertThatThrownBy(() -> Configs.load(file)).hasMessageContaining("bad.yaml: 'x' is not");
  }

  @Test
  void ofBrokenJsonThePlaceIsToldAndNothingOfWhatIsNotQuoted() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.json"), "{\n  \"a\": 1,,\n}");
    assertThatThrownBy(() -> Configs.load(file))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith(file + ": not valid: Unexpected character")
        .hasMessageEndingWith(", in line 2, column 10");
    assertFails("a: [1", "line 1").message().doesNotContain("REDACTED");
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      String yaml, String message) {
    return assertThatThrownBy(() -> Configs.fromYaml(yaml, T3DConfig.class))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(message);
  }
}

package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.model.Pretrained;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose preparation of volumes holds in a run that starts from another model's encoder. */
class StartPreparationTest {
  private static final Preprocessing THEIRS = Preprocessing.ctClipPublished();

  @TempDir Path dir;
  private Path model;

  @BeforeEach
  void anImportedModel() throws IOException {
    model = Files.createDirectory(dir.resolve("model"));
    DataConfig data = PretrainConfig.tiny().data().withPreprocessing(THEIRS);
    Files.writeString(model.resolve("data.json"), Configs.toJson(data));
  }

  private PretrainConfig read(String more) {
    return Configs.fromYaml(
        "preset: tiny\npretrained: {vision: " + model + "}\n" + more, PretrainConfig.class);
  }

  private PretrainConfig applied(PretrainConfig config) throws IOException {
    return T3D.withStartsPreparation(config, dir.resolve("out"), false, ProcessGroup.single());
  }

  @Test
  void aFileThatSaysNothingOfThePreparationTakesTheModels() throws IOException {
    PretrainConfig silent = read("data: {batchSize: 4}\n");
    assertThat(silent.pretrained().orElseThrow().preparation())
        .contains(Pretrained.Preparation.MODEL);
    PretrainConfig applied = applied(silent);
    assertThat(applied.data().preprocessing()).isEqualTo(THEIRS);
    assertThat(applied.data().batchSize()).isEqualTo(4);
    assertThat(applied(applied)).isEqualTo(applied);
    assertThat(applied(read("")).data().preprocessing()).isEqualTo(THEIRS);
  }

  @Test
  void aWholeFileNeedNotSayItEither() throws IOException {
    String whole = Configs.toYaml(PretrainConfig.tiny());
    String silent = whole.replaceFirst("(?m)^  preprocessing:\n(    .*\n)+", "");
    assertThat(silent).hasSizeLessThan(whole.length());
    PretrainConfig config =
        Configs.fromYaml(
            silent.replaceFirst("(?m)^pretrained: .*$", "pretrained: {vision: " + model + "}"),
            PretrainConfig.class);
    assertThat(applied(config).data().preprocessing()).isEqualTo(THEIRS);

    PretrainConfig ofAFile =
        Configs.fromYaml(
            silent.replaceFirst("(?m)^pretrained: .*$", "pretrained: {vision: resnet.pth}"),
            PretrainConfig.class);
    assertThatThrownBy(() -> applied(ofAFile))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("resnet.pth (pretrained.vision) is no T3D checkpoint")
        .hasMessageContaining("give data.preprocessing");
    assertThatThrownBy(
            () ->
                Configs.fromYaml(
                    silent.replaceFirst("(?m)^pretrained: .*$", ""), PretrainConfig.class))
        .hasMessageContaining("misses the required key(s) [preprocessing]");
  }

  @Test
  void volumesAsTheyAreMeanTheModelsPreparation() throws IOException {
    assertThat(applied(read("data: {preprocessing: {preset: none}}")).data().preprocessing())
        .isEqualTo(THEIRS);
  }

  @Test
  void anotherPreparationIsRefusedWithBothValues() throws IOException {
    PretrainConfig other =
        read("data: {preprocessing: {preset: ctClipPublished, window: {level: 40, width: 400}}}");
    assertThatThrownBy(() -> applied(other))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith(model + " (pretrained.vision) was trained on volumes that were")
        .hasMessageContaining("data.preprocessing.window (")
        .hasMessageContaining(", now IntensityWindow")
        .hasMessageContaining("leave data.preprocessing out")
        .hasMessageContaining("pretrained.preparation: config");
    assertThat(applied(read("data: {preprocessing: {preset: ctClipPublished}}")))
        .extracting(c -> c.data().preprocessing())
        .isEqualTo(THEIRS);
  }

  @Test
  void aRunMayInsistOnItsOwnPreparationAndThenTheDifferencesAreNamed() throws IOException {
    PretrainConfig own =
        Configs.fromYaml(
            "preset: tiny\npretrained: {vision: " + model + ", preparation: config}",
            PretrainConfig.class);
    assertThat(own.pretrained())
        .contains(
            Pretrained.none().withVision(model).withPreparation(Pretrained.Preparation.CONFIG));
    assertThat(applied(own)).isEqualTo(own);
    assertThat(StartPreparation.differences(own))
        .contains("data.preprocessing.orientation (PLS, now RAS)")
        .anyMatch(line -> line.contains("data.preprocessing.recipe ("));
  }

  @Test
  void viewsOfAnotherSizeAreNamed() throws IOException {
    PretrainConfig config = applied(read(""));
    DataConfig d = config.data();
    DataConfig larger =
        new DataConfig(
            d.preprocessing(),
            ViewConfig.global(new Size3(48, 48, 40)),
            d.reports(),
            d.batchSize(),
            d.threads(),
            d.cacheMegabytes());
    PretrainConfig views =
        new PretrainConfig(
            config.model(),
            larger,
            config.objective(),
            config.training(),
            config.pretrained(),
            config.device());
    assertThat(StartPreparation.differences(config)).isEmpty();
    assertThat(StartPreparation.differences(views))
        .containsExactly(
            "data.views.globalSize.depth (40, now 48)",
            "data.views.globalSize.height (40, now 48)",
            "data.views.globalSize.width (48, now 40)");
  }

  @Test
  void aFileOfWeightsHasNoPreparationAndThatOfTheSettingsHolds() throws IOException {
    PretrainConfig config =
        Configs.fromYaml(
            "preset: tiny\npretrained: {vision: " + dir.resolve("resnet.pth") + "}",
            PretrainConfig.class);
    assertThat(applied(config).data()).isEqualTo(PretrainConfig.tiny().data());
    PretrainConfig none = PretrainConfig.tiny();
    assertThat(applied(none)).isSameAs(none);
  }
}

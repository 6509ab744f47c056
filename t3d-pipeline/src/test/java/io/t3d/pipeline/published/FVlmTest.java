package io.t3d.pipeline.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import io.t3d.pipeline.TestDevice;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.organ.OrganEmbedder;
import io.t3d.pipeline.organ.OrganEmbeddings;
import io.t3d.pipeline.organ.OrganFinding;
import io.t3d.pipeline.organ.OrganLabels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** fVLM against its own code, on the files of {@code fvlm_goldens.py}. */
class FVlmTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/published");
  private static final Path FILE = GOLDEN.resolve("fvlm.safetensors");
  private static final Path SCAN = GOLDEN.resolve("fvlm-scan.nii.gz");
  private static final Path LABELS = GOLDEN.resolve("fvlm-labels.nii.gz");
  private static final int HEAD = 8;

  @TempDir Path dir;
  private Path bert;

  @BeforeEach
  void tokenizer() throws IOException {
    bert = Files.createDirectory(dir.resolve("bert"));
    Files.writeString(
        bert.resolve("vocab.txt"),
        String.join(
            "\n",
            "[PAD] [UNK] [CLS] [SEP] [MASK] not emphysema nodule opacity pleural effusion card ##iom ##egaly hiatal hernia arterial wall calc ."
                .split(" ", -1)));
    Files.writeString(
        bert.resolve("config.json"),
        "{\"model_type\": \"bert\", \"hidden_size\": 24, \"num_attention_heads\": 3,"
            + " \"num_hidden_layers\": 2, \"intermediate_size\": 32, \"vocab_size\": 20,"
            + " \"max_position_embeddings\": 16, \"type_vocab_size\": 2, \"hidden_act\": \"gelu\","
            + " \"layer_norm_eps\": 1e-12, \"hidden_dropout_prob\": 0.1}");
  }

  private TrainedModel imported(Path file) throws IOException {
    Path out = dir.resolve("fvlm");
    PublishedKind kind = new FVlm(HEAD);
    try (NDManager scope = NDManager.newBaseManager(TestDevice.get())) {
      PublishedTensors tensors = PublishedTensors.read(scope, List.of(file), List.of(kind));
      assertThat(kind.recognises(tensors)).isTrue();
      PublishedModels.importTo(kind, tensors, Optional.of(bert), out);
    }
    return TrainedModel.open(out, TestDevice.get());
  }

  private static Map<String, NDArray> expected(NDManager scope) throws IOException {
    return Safetensors.read(scope, GOLDEN.resolve("fvlm-expected.safetensors")).tensors();
  }

  @Test
  void organsAreEmbeddedAndAskedAsByItsOwnCode() throws IOException {
    try (TrainedModel trained = imported(FILE);
        NDManager scope = trained.model().manager().newSubManager()) {
      OrganEmbedder organs = OrganEmbedder.of(trained);
      assertThat(organs.organs()).containsExactly("lung", "heart", "esophagus", "aorta");
      OrganEmbeddings seen = organs.embed(SCAN, LABELS, OrganLabels.TOTAL_SEGMENTATOR);
      assertThat(seen.present()).containsExactly("lung", "heart", "aorta");
      assertThat(seen.of("esophagus")).isEmpty();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> seen.of("liver"))
          .withMessageContaining("knows lung, heart, esophagus, aorta");
      Map<String, NDArray> expected = expected(scope);
      for (String organ : seen.present()) {
        assertThat(seen.of(organ).orElseThrow())
            .as(organ)
            .containsExactly(expected.get(organ + "_embedding").toFloatArray(), within(1e-4f));
      }

      List<OrganFinding> findings = organs.zeroShot(seen);
      assertThat(findings).hasSize(16);
      int compared = 0;
      for (OrganFinding finding : findings) {
        NDArray probability = expected.get("probability " + finding.finding());
        assertThat(finding.probability().isPresent())
            .isEqualTo(seen.of(finding.organ()).isPresent());
        if (probability != null) {
          assertThat(finding.probability().orElseThrow())
              .as(finding.finding())
              .isCloseTo(probability.toDoubleArray()[0], within(1e-4));
          compared++;
        }
      }
      assertThat(compared).isEqualTo(6);
      assertThat(organs.zeroShot(seen, "esophagus", List.of(FindingPrompts.of("hernia"))))
          .isEmpty();
      assertThat(organs.zeroShot(seen, "lung", List.of(FindingPrompts.of("nodule"))).orElseThrow())
          .containsOnlyKeys("nodule");

      // The organs as its code merges them, in a file: the same to the bit.
      Path merged = dir.resolve("merged.nii.gz");
      Volume labels = VolumeReaders.read(LABELS);
      float[] values = labels.voxels().clone();
      for (int i = 0; i < values.length; i++) {
        int label = (int) values[i];
        values[i] =
            label >= 10 && label <= 14 ? 1 : label == 51 || label == 61 ? 2 : label == 52 ? 4 : 0;
      }
      VolumeWriters.write(merged, labels.withVoxels(values), PixelType.INT16);
      OrganEmbeddings again = organs.embed(SCAN, merged, OrganLabels.ORGANS);
      for (String organ : seen.present()) {
        assertThat(again.of(organ)).hasValue(seen.of(organ).orElseThrow());
      }
    }
  }

  @Test
  void textsAreReadAsByItsOwnCodeWhetherTheFileHasTokenTypesOrNot() throws IOException {
    Path other =
        changed(
            (tensors, scope) -> {
              tensors.remove("text_encoder.embeddings.token_type_embeddings.weight");
              tensors.put(
                  "text_encoder.encoder.layer.1.crossattention.self.query.weight",
                  scope.ones(new Shape(24, 24)));
            });
    for (Path file : List.of(FILE, other)) {
      try (TrainedModel trained = imported(file);
          NDManager scope = trained.model().manager().newSubManager()) {
        NDArray texts =
            trained
                .model()
                .encodeReports(
                    scope, List.of("Not Emphysema.", "Emphysema.", "Not Nodule.", "Nodule."));
        NDArray wanted = expected(scope).get("texts").get(":2").reshape(4, -1);
        assertThat(texts.toFloatArray()).containsExactly(wanted.toFloatArray(), within(1e-4f));
      }
    }
  }

  @Test
  void wholeVolumesAreRefusedAndTheMessageSaysWhatIsNeeded() throws IOException {
    try (TrainedModel trained = imported(FILE)) {
      assertRefused(() -> trained.embed(SCAN));
      assertRefused(() -> trained.zeroShot(SCAN, trained.prompts()));
      assertRefused(() -> trained.relevance(SCAN, List.of("nodule")));
      assertRefused(() -> trained.score(SCAN, List.of("nodule")));
    }
  }

  private static void assertRefused(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(
            "expected a volume and a label map of its lung, heart, esophagus, aorta, got a volume"
                + " alone; use OrganEmbedder");
  }

  @Test
  void aLabelMapOfNothingOrOfAnotherGridIsRefused() throws IOException {
    Volume labels = VolumeReaders.read(LABELS);
    Path empty = dir.resolve("empty.nii.gz");
    Path small = dir.resolve("small.nii.gz");
    Path others = dir.resolve("others.nii.gz");
    float[] none = new float[labels.voxels().length];
    VolumeWriters.write(empty, labels.withVoxels(none), PixelType.INT16);
    VolumeWriters.write(small, new Volume(new float[8], 2, 2, 2, labels.affine()), PixelType.INT16);
    float[] liver = none.clone();
    liver[liver.length / 2] = 5;
    VolumeWriters.write(others, labels.withVoxels(liver), PixelType.INT16);
    try (TrainedModel trained = imported(FILE)) {
      OrganEmbedder organs = OrganEmbedder.of(trained);
      assertThatThrownBy(() -> organs.embed(SCAN, empty, OrganLabels.TOTAL_SEGMENTATOR))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("must hold labels, got zeros alone");
      assertThatThrownBy(() -> organs.embed(SCAN, small, OrganLabels.TOTAL_SEGMENTATOR))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("must lie on its volume's voxels");
      OrganEmbeddings seen = organs.embed(SCAN, others, OrganLabels.TOTAL_SEGMENTATOR);
      assertThat(seen.present()).isEmpty();
      assertThat(organs.zeroShot(seen)).allMatch(f -> f.probability().isEmpty()).hasSize(16);
    }
  }

  @Test
  void itsTemperatureMayBeLowerThanOneHundredth() throws IOException {
    Path cold = changed((tensors, scope) -> tensors.put("temp", scope.create(0.005f)));
    try (TrainedModel trained = imported(cold);
        NDManager scope = trained.model().manager().newSubManager()) {
      OrganEmbedder organs = OrganEmbedder.of(trained);
      OrganEmbeddings seen = organs.embed(SCAN, LABELS, OrganLabels.TOTAL_SEGMENTATOR);
      FindingPrompts nodule = new FindingPrompts("Nodule", List.of("Nodule."), List.of("Not it."));
      double[] cosines = new double[2];
      float[] lung = seen.of("lung").orElseThrow();
      for (int i = 0; i < 2; i++) {
        String text = List.of("Nodule.", "Not it.").get(i);
        float[] vector = trained.model().encodeReports(scope, List.of(text)).toFloatArray();
        for (int j = 0; j < vector.length; j++) {
          cosines[i] += (double) vector[j] * lung[j];
        }
      }
      assertThat(organs.zeroShot(seen, "lung", List.of(nodule)).orElseThrow().get("Nodule"))
          .isCloseTo(1 / (1 + Math.exp((cosines[1] - cosines[0]) / 0.005)), within(1e-3));
    }
  }

  @Test
  void aPreparedVolumeIsRefused() throws IOException {
    Path manifest = dir.resolve("manifest.csv");
    Files.writeString(manifest, "volume,report\n" + SCAN.toAbsolutePath() + ",Nodule.\n");
    PreparationConfig config = PreparationConfig.of(FVlm.preprocessing());
    Path folder = dir.resolve("prepared");
    DatasetPreparation preparation = new DatasetPreparation(config, folder, 1);
    Path written = preparation.run(Manifest.read(manifest).rows(), done -> {}).manifest();
    Path prepared = Manifest.read(written).rows().get(0).volume();
    try (TrainedModel trained = imported(FILE)) {
      OrganEmbedder organs = OrganEmbedder.of(trained);
      assertThatThrownBy(() -> organs.embed(prepared, LABELS, OrganLabels.TOTAL_SEGMENTATOR))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("is prepared already, expected a volume in HU");
    }
  }

  @Test
  void aManifestsVolumeIsEmbeddedUnderItsMaskWithItsCalibration() throws IOException {
    try (TrainedModel trained = imported(FILE)) {
      OrganEmbedder organs = OrganEmbedder.of(trained);
      OrganEmbeddings alone = organs.embed(SCAN, LABELS, OrganLabels.TOTAL_SEGMENTATOR);
      OrganEmbeddings plain = organs.embed(row(SCAN, "", ""), OrganLabels.TOTAL_SEGMENTATOR);
      assertThat(plain.present()).isEqualTo(alone.present());
      Volume scan = VolumeReaders.read(SCAN);
      float[] lower = scan.voxels().clone();
      for (int i = 0; i < lower.length; i++) {
        lower[i] += 1000;
      }
      Path stored = dir.resolve("stored.nii.gz");
      VolumeWriters.write(stored, scan.withVoxels(lower), PixelType.INT16);
      OrganEmbeddings calibrated =
          organs.embed(row(stored, ",intercept", ",-1000"), OrganLabels.TOTAL_SEGMENTATOR);
      for (String organ : alone.present()) {
        float[] expected = alone.of(organ).orElseThrow();
        assertThat(plain.of(organ)).hasValue(expected);
        assertThat(calibrated.of(organ).orElseThrow()).containsExactly(expected, within(1e-4f));
      }
      ManifestRow bare = row(SCAN, "", "").withFiles(SCAN, Optional.empty());
      assertThatThrownBy(() -> organs.embed(bare, OrganLabels.TOTAL_SEGMENTATOR))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("Row 2 of the manifest needs a label map to embed organs");
      assertThat(organs.findings()).hasSize(16).startsWith("Emphysema");
    }
  }

  private ManifestRow row(Path volume, String column, String value) throws IOException {
    Path manifest = dir.resolve("rows.csv");
    Files.writeString(
        manifest,
        "volume,report,mask"
            + (column + "\n" + volume.toAbsolutePath() + ",Nodule.," + LABELS.toAbsolutePath())
            + (value + "\n"));
    return Manifest.read(manifest).rows().get(0);
  }

  @Test
  void aPreTrainingFromItIsRefusedBeforeAnyVolumeIsRead() throws IOException {
    T3DConfig itself;
    try (TrainedModel trained = imported(FILE)) {
      itself = trained.model().config();
    }
    Path out = dir.resolve("run");
    List<ManifestRow> rows = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      Path missing = dir.resolve("missing" + i + ".nii.gz");
      rows.add(
          new ManifestRow(i, missing, "Nodule.", Split.TRAIN, "p" + i, Map.of(), Optional.empty()));
    }
    PretrainConfig tiny = PretrainConfig.tiny();
    PretrainConfig fromIt =
        Configs.fromYaml(
            "preset: tiny\npretrained: {vision: " + dir.resolve("fvlm") + "}\n",
            PretrainConfig.class);
    PretrainConfig ofItsKind =
        new PretrainConfig(
            tiny.model().toBuilder().vision(itself.vision()).build(),
            tiny.data(),
            tiny.objective(),
            tiny.training(),
            tiny.pretrained(),
            tiny.device());
    for (PretrainConfig config : List.of(fromIt, ofItsKind)) {
      PretrainRun run = new PretrainRun(config, rows, out);
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> run.check(false, false), () -> run.run(false, new TrainingListener() {}))) {
        assertThatThrownBy(call)
            .isInstanceOf(T3dException.class)
            .hasMessageContaining("needs an encoder of whole volumes, got one that embeds organs");
      }
    }
    assertThat(out.resolve("checkpoint")).doesNotExist();
  }

  @Test
  void anotherModelIsNoOrganEmbedder() throws IOException {
    Path out = dir.resolve("voxelfm");
    PublishedModels.importTo(
        List.of(GOLDEN.resolve("voxelfm.safetensors")), Optional.empty(), Optional.empty(), out);
    try (TrainedModel trained = TrainedModel.open(out, TestDevice.get())) {
      assertThatThrownBy(() -> OrganEmbedder.of(trained))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("needs a model that embeds organs")
          .hasMessageContaining("got a Vit3d");
    }
  }

  @Test
  void aFileOfOtherOrgansIsRefused() throws IOException {
    Path more =
        changed((tensors, scope) -> tensors.put("query_tokens", scope.ones(new Shape(5, 16))));
    assertThatThrownBy(() -> imported(more))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("expected 4 query_tokens")
        .hasMessageContaining("got 5");
  }

  private Path changed(BiConsumer<Map<String, NDArray>, NDManager> change) throws IOException {
    Path file = dir.resolve("changed.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>(Safetensors.read(scope, FILE).tensors());
      change.accept(tensors, scope);
      Safetensors.write(file, tensors, Map.of());
    }
    return file;
  }
}

package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.retrieve.EmbeddingIndex;
import io.t3d.core.task.retrieve.HnswIndex;
import io.t3d.data.internal.survey.VolumeSurvey;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class T3DSparkTest {
  /** The last batch is not full, and a slice has one or two batches. */
  private static final int COUNT = 27;

  private static SparkSession session;
  private static Path manifest;
  private static Path model;
  private static float[][] plain;

  @TempDir private Path dir;

  @BeforeAll
  static void begin(@TempDir Path data) throws IOException {
    session = Phantoms.session();
    manifest = Phantoms.manifest(data.resolve("phantoms"), COUNT);
    model = Phantoms.model(data.resolve("model"));
    plain = Phantoms.plain(model, manifest);
  }

  @AfterAll
  static void end() {
    session.stop();
  }

  private static List<ManifestRow> rows() throws IOException {
    return Manifest.read(manifest).rows();
  }

  @Test
  void embeddingsAreThoseOfThePlainLibraryInEveryBitAndTheModelIsLoadedOnce() throws IOException {
    Dataset<EmbeddedStudy> embedded = T3DSpark.embed(session, manifest, model);
    assertThat(embedded.rdd().getNumPartitions()).isEqualTo(4);
    int before = ExecutorModel.loads();
    List<EmbeddedStudy> studies = embedded.collectAsList();
    assertThat(ExecutorModel.loads() - before).isLessThanOrEqualTo(1);
    assertThat(studies).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      EmbeddedStudy study = studies.get(i);
      ManifestRow row = rows().get(i);
      assertThat(study.getVector()).containsExactly(plain[i]);
      assertThat(study.getRow()).isEqualTo(row.row());
      assertThat(study.getPath()).isEqualTo(row.volume().toString());
      assertThat(study.getStudy()).isEqualTo("study-" + row.row());
      assertThat(study.getSplit()).isEqualTo(row.split().text());
      assertThat(study.getProblem()).isEmpty();
    }
    embedded.collectAsList();
    assertThat(ExecutorModel.loads() - before).isLessThanOrEqualTo(1);
  }

  @Test
  void aBadStudyIsARowWithItsReasonAndTheOthersKeepTheirBits() throws IOException {
    Path bad = Phantoms.withCutVolume(manifest, dir.resolve("manifest.csv"), 9);
    List<EmbeddedStudy> studies = T3DSpark.embed(session, bad, model).collectAsList();
    assertThat(studies).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      if (i == 9) {
        assertThat(studies.get(i).getVector()).isEmpty();
        assertThat(studies.get(i).getProblem()).contains("cut.nii.gz");
      } else {
        assertThat(studies.get(i).getVector()).containsExactly(plain[i]);
      }
    }
  }

  @Test
  void parquetGivesTheIndexOfTheGoodVolumes() throws IOException {
    Path bad = Phantoms.withCutVolume(manifest, dir.resolve("manifest.csv"), 0);
    String table = dir.resolve("embedded.parquet").toString();
    EmbeddingTable.write(T3DSpark.embed(session, bad, model), table);
    EmbeddingTable read = EmbeddingTable.read(session, table);
    assertThat(read.studies()).extracting(EmbeddedStudy::getRow).isSorted().hasSize(COUNT - 1);
    assertThat(read.vectors()[4]).containsExactly(plain[5]);
    try (NDManager owner = NDManager.newBaseManager(Device.cpu());
        EmbeddingIndex exact = read.exact(owner);
        EmbeddingIndex hnsw = HnswIndex.build(dir.resolve("index"), read.vectors())) {
      for (EmbeddingIndex index : List.of(exact, hnsw)) {
        assertThat(index.size()).isEqualTo(COUNT - 1);
        int found = index.search(new float[][] {plain[7]}, 1).rows()[0][0];
        assertThat(read.studies().get(found).getPath())
            .isEqualTo(rows().get(7).volume().toString());
      }
    }
    assertThatThrownBy(() -> EmbeddingTable.requireFree(session, table))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("choose another folder");
  }

  @Test
  void aTableWhoseJobDidNotEndIsRefused() throws IOException {
    String table = dir.resolve("embedded.parquet").toString();
    EmbeddingTable.write(T3DSpark.embed(session, manifest, model), table);
    Files.delete(Path.of(table, "_SUCCESS"));
    assertThatThrownBy(() -> EmbeddingTable.read(session, table))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("its job did not end");
  }

  @Test
  void probabilitiesAreThoseOfTheClassifierOnTheSameVectors() throws IOException {
    List<FindingPrompts> prompts =
        List.of(FindingPrompts.of("pleural effusion"), FindingPrompts.of("cardiomegaly"));
    List<ClassifiedStudy> studies =
        T3DSpark.zeroShot(session, manifest, model, prompts).collectAsList();
    assertThat(studies).hasSize(COUNT);
    try (TrainedModel trained = TrainedModel.open(model, Device.cpu());
        NDManager scope = trained.model().manager().newSubManager()) {
      double[][] expected =
          ZeroShotClassifier.create(
                  texts -> trained.model().encodeReports(scope, texts),
                  prompts,
                  trained.model().logitScale())
              .classify(plain);
      for (int i = 0; i < COUNT; i++) {
        assertThat(studies.get(i).getProbabilities())
            .containsOnly(
                Map.entry("pleural effusion", expected[i][0]),
                Map.entry("cardiomegaly", expected[i][1]));
      }
      Map<String, Double> single = trained.zeroShot(rows().get(3).volume(), prompts);
      assertThat(studies.get(3).getProbabilities().get("cardiomegaly"))
          .isCloseTo(single.get("cardiomegaly"), within(1e-4));
    }
  }

  @Test
  void zeroShotWithAModelWithoutReportsIsOneSentence() throws IOException {
    Path blind = Phantoms.model(dir.resolve("blind"));
    ObjectiveConfig simclr = Configs.fromYaml("preset: simclr\n", ObjectiveConfig.class);
    Files.writeString(blind.resolve("objective.json"), Configs.toJson(simclr));
    Dataset<ClassifiedStudy> lazy =
        T3DSpark.zeroShot(session, manifest, blind, List.of(FindingPrompts.of("nodule")));
    assertThatThrownBy(lazy::collectAsList)
        .satisfies(
            e ->
                assertThat(Failures.ofJob((Exception) e))
                    .isInstanceOf(T3dException.class)
                    .hasMessageContaining("pre-trained without reports"));
  }

  @Test
  void preparationGivesTheFolderOfThePlainCommandAndGoesOn() throws IOException {
    PreparationConfig config = PreparationConfig.of(Preprocessing.windowOnly());
    Path bad = Phantoms.withCutVolume(manifest, dir.resolve("manifest.csv"), 4);
    Path expected = dir.resolve("plain");
    Path out = dir.resolve("spark");
    new DatasetPreparation(config, expected, 2).run(Manifest.read(bad).rows(), n -> {});
    List<PreparedStudy> first = T3DSpark.preprocess(session, bad, config, out).collectAsList();
    assertThat(contents(out)).isEqualTo(contents(expected));
    assertThat(first).hasSize(COUNT);
    assertThat(first.get(4).getProblem()).contains("cut.nii.gz");
    assertThat(first.get(5).isWritten()).isTrue();
    assertThat(first.get(5).getBytes()).isPositive();
    assertThat(Path.of(first.get(5).getPrepared())).isDirectory();

    List<PreparedStudy> again = T3DSpark.preprocess(session, bad, config, out).collectAsList();
    assertThat(again).noneMatch(PreparedStudy::isWritten);
    assertThat(again.get(5).getPrepared()).isEqualTo(first.get(5).getPrepared());
    assertThat(contents(out)).isEqualTo(contents(expected));
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .forEach(f -> contents.put(folder.relativize(f).toString(), hex(f)));
    }
    return contents;
  }

  private static String hex(Path file) {
    try {
      return HexFormat.of().formatHex(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void inspectionIsTheTableOfThePlainCommand() throws IOException {
    Path folder = manifest.getParent();
    Path csv = dir.resolve("inspect.csv");
    new VolumeSurvey(folder, csv, 2).run((done, all) -> {});
    List<InspectedVolume> found = T3DSpark.inspect(session, folder).collectAsList();
    // Commas in messages bring quotes into the file.
    List<String> lines =
        Files.readAllLines(csv).stream().map(line -> line.replace("\"", "")).toList();
    List<String> rows = found.stream().map(T3DSparkTest::line).toList();
    assertThat(rows).isSorted().containsExactlyInAnyOrderElementsOf(lines.subList(1, lines.size()));
    assertThatThrownBy(() -> T3DSpark.inspect(session, Files.createDirectory(dir.resolve("empty"))))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("No volume in");
  }

  private static String line(InspectedVolume v) {
    return String.join(
        ",",
        v.getPath(),
        v.getKind(),
        v.getSize(),
        v.getSpacing(),
        v.getOrientation(),
        v.getRange(),
        v.getSlices(),
        v.getVerdict(),
        v.getMessage());
  }

  @Test
  void anExecutorThatFindsAnotherModelSaysSo() throws IOException {
    Path other = Phantoms.model(dir.resolve("model"));
    Dataset<EmbeddedStudy> lazy = T3DSpark.embed(session, manifest, other);
    Files.writeString(other.resolve("prompts.json"), "{\"prompts\" : [ ]}");
    assertThatThrownBy(lazy::count)
        .satisfies(
            e ->
                assertThat(Failures.ofJob((Exception) e))
                    .isInstanceOf(T3dException.class)
                    .hasMessageStartingWith("Executor driver on ")
                    .hasMessageContaining("is not the one that the driver sees"));
    assertThatThrownBy(() -> T3DSpark.embed(session, manifest, dir.resolve("none")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("No model at");
  }

  @Test
  void aModelMayTravelWithTheJob() throws IOException {
    Path zip = model.resolveSibling("run.zip"); // the session asks for it as long as it lives
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip));
        Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        out.putNextEntry(new ZipEntry("a/" + file.getFileName()));
        Files.copy(file, out);
      }
    }
    session.sparkContext().addArchive(zip + "#models");
    Path unpacked = Path.of("models/a");
    assertThat(unpacked).doesNotExist();
    List<EmbeddedStudy> studies = T3DSpark.embed(session, manifest, unpacked).collectAsList();
    assertThat(studies.get(COUNT - 1).getVector()).containsExactly(plain[COUNT - 1]);
  }

  @Test
  void aSettingThatIsNoNumberIsRefused() {
    session.conf().set(Slices.VOLUMES_PER_TASK, "many");
    try {
      assertThatThrownBy(() -> T3DSpark.embed(session, manifest, model))
          .isInstanceOf(T3dException.class)
          .hasMessage(
              "spark.t3d.volumesPerTask must be a whole number from 1 to 1000000, got many");
    } finally {
      session.conf().unset(Slices.VOLUMES_PER_TASK);
    }
  }
}

package io.t3d.cli.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.data.dicomweb.Credentials;
import io.t3d.data.dicomweb.DicomWebClient;
import io.t3d.data.dicomweb.DicomWebSettings;
import io.t3d.data.dicomweb.RemoteSeries;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.TrainedSegmenter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a real archive, Orthanc. */
@Tag("orthanc")
class PacsCommandTest {
  private static final Path GOLDEN = Path.of("../t3d-data/src/test/resources/golden/dicom");

  @TempDir static Path dir;
  private static Orthanc orthanc;
  private static Path login;
  private static Path ct;
  private static Path checkpoint;
  private static DicomWebClient client;

  @BeforeAll
  static void start() throws Exception {
    orthanc = Orthanc.start(dir.resolve("orthanc"));
    login = Files.writeString(dir.resolve("login"), Orthanc.LOGIN + "\n");
    client =
        new DicomWebClient(
            DicomWebSettings.of(URI.create(orthanc.address()), Credentials.basicFrom(login)));
    ct = series("explicit-le", "P-77");
    client.store(files(ct));
    client.store(files(series("coronal", "P-77")));
    checkpoint = dir.resolve("model");
    try (TrainedModel model =
        new TrainedModel(
            T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1),
            PretrainConfig.tiny().data(),
            Optional.empty(),
            List.of(FindingPrompts.of("pleural effusion"), FindingPrompts.of("unicorn")))) {
      model.save(checkpoint);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    orthanc.close();
  }

  /** A golden series of a patient, as archives want it. */
  private static Path series(String name, String patient) throws Exception {
    Path folder = Files.createDirectories(dir.resolve(name));
    for (Path file : files(GOLDEN.resolve(name))) {
      Path copy = folder.resolve(file.getFileName());
      Files.copy(file, copy);
      run(
          "dcmodify",
          "-nb",
          "-i",
          "PatientID=" + patient,
          "-i",
          "PatientName=Doe^Jane",
          "-i",
          "StudyDate=20260102",
          "-i",
          "StudyTime=101500",
          copy);
    }
    return folder;
  }

  private static List<Path> files(Path folder) throws Exception {
    try (var files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static String run(Object... command) throws Exception {
    List<String> words = Arrays.stream(command).map(Object::toString).toList();
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", words, text).isZero();
    return text;
  }

  private static CommandRun pull(Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("pacs", "pull", "--dicomweb", orthanc.address(), "--auth-basic", login));
    words.addAll(List.of(more));
    return CommandRun.of(words.toArray());
  }

  private static List<String> vectors(Path file) throws Exception {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      NDArray volumes = Safetensors.read(manager, file).tensors().get("volumes"); // (n, E)
      float[] flat = volumes.toFloatArray();
      int width = (int) volumes.getShape().get(1);
      List<String> rows = new ArrayList<>();
      for (int at = 0; at < flat.length; at += width) {
        rows.add(Arrays.toString(Arrays.copyOfRange(flat, at, at + width)));
      }
      return rows;
    }
  }

  @Test
  void pulledSeriesAreEmbeddedAsTheirFoldersAre() throws Exception {
    Path out = dir.resolve("embeddings.safetensors");
    CommandRun run =
        pull("--query", "PatientID=P-77,Modality=CT", "--checkpoint", checkpoint, "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("2 series embedded");
    try (TrainedModel model = TrainedModel.open(checkpoint, Device.cpu())) {
      // One by one: the last bits of a vector depend on what is encoded beside it.
      assertThat(vectors(out))
          .containsExactlyInAnyOrder(
              Arrays.toString(model.embed(ct)[0]),
              Arrays.toString(model.embed(dir.resolve("coronal"))[0]));
    }
    assertThat(out.resolveSibling("embeddings.safetensors.parts")).doesNotExist();
  }

  @Test
  void aManifestLeadsToTheFilesAndASecondRunGoesOn() throws Exception {
    Path out = dir.resolve("pulled");
    Object[] args = {"--query", "PatientID=P-77,Modality=CT", "--manifest-out", out};
    assertThat(pull(args).exitCode()).isZero();
    Manifest manifest = Manifest.read(out.resolve("manifest.csv"));
    assertThat(manifest.rows()).hasSize(2);
    assertThat(manifest.rows().get(0).patient())
        .isEqualTo(manifest.rows().get(1).patient())
        .doesNotContain("P-77");
    Path first = manifest.rows().get(0).volume();
    int slices = files(first).size();
    assertThat(slices).isPositive();
    io.t3d.core.internal.AtomicFiles.deleteTree(first);
    Path other = files(manifest.rows().get(1).volume()).get(0);
    var time = Files.getLastModifiedTime(other);
    assertThat(pull(args).exitCode()).isZero();
    assertThat(files(first)).hasSize(slices);
    assertThat(Files.getLastModifiedTime(other)).isEqualTo(time);
  }

  @Test
  void aSegmentationAndAReportComeBackAsTheyWere() throws Exception {
    Path segmenter = dir.resolve("segmenter");
    SegmenterConfig config =
        new SegmenterConfig(
            Vit3dConfig.builder()
                .patch(Size3.cube(4))
                .hiddenSize(12)
                .layers(1)
                .heads(2)
                .mlpSize(12)
                .dropout(0)
                .build(),
            new DecoderConfig(8, 8),
            List.of(SegmentationClass.of("lungs", 3), SegmentationClass.of("unicorn", 9)),
            Size3.cube(8),
            0.5,
            0.125);
    try (TrainedSegmenter random =
        new TrainedSegmenter(Segmenter.create(config, Device.cpu(), 1), Preprocessing.none())) {
      random.save(segmenter);
    }
    Path out = dir.resolve("results");
    CommandRun seg =
        CommandRun.of(
            "segment",
            "predict",
            "--segmenter",
            segmenter,
            "--input",
            ct,
            "--out",
            out,
            "--dicom-seg=only",
            "--push",
            orthanc.address(),
            "--auth-basic",
            login);
    assertThat(seg.exitCode()).as(seg.err()).isZero();
    Path sr = out.resolve("sr.dcm");
    CommandRun report =
        CommandRun.of(
            "pacs",
            "report",
            "--checkpoint",
            checkpoint,
            "--input",
            ct,
            "--out",
            sr,
            "--push",
            orthanc.address(),
            "--auth-basic",
            login);
    assertThat(report.exitCode()).as(report.err()).isZero();
    assertThat(report.out()).contains("pleural effusion", "unicorn");

    same(out.resolve("explicit-le.seg.dcm"), "SEG");
    same(sr, "SR");
    assertThat(run("dsrdump", "+Pc", sr)).contains("60046008", "UNVERIFIED");
  }

  /** What the archive gives back has the same elements. */
  private static void same(Path sent, String modality) throws Exception {
    assertThat(run("dciodvfy", sent)).doesNotContain("Error");
    List<RemoteSeries> found = client.search(Map.of("PatientID", "P-77", "Modality", modality), 9);
    assertThat(found).hasSize(1);
    Path back = client.retrieve(found.get(0), dir.resolve("back-" + modality)).get(0);
    assertThat(elements(back)).isEqualTo(elements(sent));
  }

  private static String elements(Path file) throws Exception {
    // Without the meta information; a sequence's length may be given or not.
    return run("dcmdump", "+L", file)
        .replaceAll("(?s)^.*# Dicom-Data-Set", "")
        .replaceAll("(?m)^.*DelimitationItem.*$\\n", "")
        .replaceAll("\\(Sequence with .*|\\(Item with .*", "");
  }

  @Test
  void wrongPasswordsAndQueriesGiveOneLineAndLeaveNothing() throws Exception {
    Path wrong = Files.writeString(dir.resolve("wrong"), "tester:no");
    Path out = dir.resolve("none");
    CommandRun refused =
        CommandRun.of(
            "pacs",
            "pull",
            "--dicomweb",
            orthanc.address(),
            "--auth-basic",
            wrong,
            "--query",
            "PatientID=P-77",
            "--manifest-out",
            out);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("401").hasLineCount(1).doesNotContain("tester");
    CommandRun nobody = pull("--query", "PatientID=nobody", "--manifest-out", out);
    assertThat(nobody.err()).contains("no series of images").hasLineCount(1);
    assertThat(out).doesNotExist();
    CommandRun both = pull("--query", "PatientID=1", "--auth-bearer", login, "--manifest-out", out);
    assertThat(both.err()).contains("not both").hasLineCount(1);
  }
}

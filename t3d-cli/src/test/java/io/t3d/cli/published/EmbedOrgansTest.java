package io.t3d.cli.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.file.Safetensors;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.organ.OrganEmbedder;
import io.t3d.pipeline.organ.OrganEmbeddings;
import io.t3d.pipeline.organ.OrganFinding;
import io.t3d.pipeline.organ.OrganLabels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./t3d embed} of organs, on the small fVLM of {@code t3d-pipeline}. */
class EmbedOrgansTest {
  private static final Path GOLDEN =
      Path.of("../t3d-pipeline/src/test/resources/golden/published").toAbsolutePath().normalize();
  private static final Path SCAN = GOLDEN.resolve("fvlm-scan.nii.gz");
  private static final Path LABELS = GOLDEN.resolve("fvlm-labels.nii.gz");

  @TempDir static Path dir;
  private static Path model;

  @BeforeAll
  static void importFvlm() throws IOException {
    model = dir.resolve("model");
    CommandRun made =
        CommandRun.of(
            "import",
            GOLDEN.resolve("fvlm.safetensors"),
            "--from",
            "fvlm",
            "--tokenizer",
            Bert.write(dir.resolve("bert")),
            "--out",
            model);
    assertThat(made.exitCode()).as(made.err()).isZero();
  }

  private static CommandRun embed(Path checkpoint, Path input, Path out, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("embed", "--checkpoint", checkpoint, "--input", input, "--out", out));
    words.addAll(List.of(more));
    return CommandRun.of(words.toArray());
  }

  @Test
  void aVolumeAndAManifestGiveTheOrgansAndFindingsOfTheEmbedder() throws IOException {
    Path alone = dir.resolve("alone.safetensors");
    CommandRun run = embed(model, SCAN, alone, "--organs", LABELS);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("3 organs of 1 volumes embedded in " + alone);

    Path manifest = dir.resolve("manifest.csv");
    Files.writeString(
        manifest,
        "volume,report,mask\n"
            + (SCAN + ",Nodule.," + LABELS + "\n")
            + (SCAN + ",Not Nodule.," + LABELS + "\n"));
    Path both = dir.resolve("both.safetensors");
    run = embed(model, manifest, both, "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("\"volumes\" : 2").contains("\"organs\" : 6");

    try (TrainedModel trained = TrainedModel.open(model);
        NDManager scope = trained.model().manager().newSubManager()) {
      OrganEmbedder embedder = OrganEmbedder.of(trained);
      OrganEmbeddings seen = embedder.embed(SCAN, LABELS, OrganLabels.TOTAL_SEGMENTATOR);
      Safetensors.Contents one = Safetensors.read(scope, alone);
      Safetensors.Contents two = Safetensors.read(scope, both);
      assertThat(one.tensors()).containsOnlyKeys("organs", "findings");
      assertThat(two.tensors()).containsOnlyKeys("organs", "findings", "reports");
      assertThat(two.tensors().get("organs").getShape()).isEqualTo(new Shape(2, 4, 8));
      assertThat(two.tensors().get("reports").getShape()).isEqualTo(new Shape(2, 8));
      assertThat(one.metadata().get("organs")).contains("lung", "heart", "esophagus", "aorta");
      assertThat(one.metadata().get("files")).contains(SCAN.toString());

      NDArray organs = one.tensors().get("organs");
      for (int i = 0; i < 4; i++) {
        String organ = embedder.organs().get(i);
        float[] got = organs.get("0, " + i).toFloatArray();
        if (seen.of(organ).isPresent()) {
          assertThat(got).as(organ).isEqualTo(seen.of(organ).orElseThrow());
        } else {
          assertThat(organ).isEqualTo("esophagus");
          assertThat(got).containsOnly(Float.NaN);
        }
      }
      List<OrganFinding> findings = embedder.zeroShot(seen);
      float[] asked = two.tensors().get("findings").get("1").toFloatArray();
      assertThat(asked).hasSize(16);
      for (int i = 0; i < asked.length; i++) {
        OrganFinding finding = findings.get(i);
        assertThat(one.metadata().get("findings")).contains("\"" + finding.finding() + "\"");
        if (finding.probability().isPresent()) {
          assertThat((double) asked[i])
              .as(finding.finding())
              .isCloseTo(finding.probability().orElseThrow(), within(1e-6));
        } else {
          assertThat(asked[i]).as(finding.finding()).isNaN();
        }
      }
    }
  }

  @Test
  void whatIsMissingOrDoesNotFitIsSaidInALine() throws IOException {
    Path out = dir.resolve("refused.safetensors");
    refused(embed(model, SCAN, out), "embeds organs under a label map, got none");
    refused(
        embed(model, SCAN, out, "--organs", LABELS, "--precision", "BFLOAT16"),
        "--projector and --precision are for embeddings of whole volumes");
    refused(
        embed(model, SCAN, out, "--organs", LABELS, "--organ-labels", "LIVER"), "--organ-labels");
    Path folder = Files.createDirectory(dir.resolve("two"));
    Files.copy(SCAN, folder.resolve("a.nii.gz"));
    Files.copy(SCAN, folder.resolve("b.nii.gz"));
    refused(
        embed(model, folder, out, "--organs", LABELS),
        "--organs is the label map of one volume, got 2 volumes");
    Path manifest = dir.resolve("no-masks.csv");
    Files.writeString(manifest, "volume,report\n" + SCAN + ",Nodule.\n");
    refused(
        embed(model, manifest, out, "--organs", LABELS),
        "--organs is the label map of one volume, got a manifest");
    refused(embed(model, manifest, out), "got none for 1 of 1 rows, the first of which is row 2");
    Path voxelfm = dir.resolve("voxelfm");
    CommandRun.of("import", GOLDEN.resolve("voxelfm.safetensors"), "--out", voxelfm);
    refused(embed(voxelfm, SCAN, out, "--organs", LABELS), "needs a model that embeds organs");
    assertThat(out).doesNotExist();
  }

  private static void refused(CommandRun run, String told) {
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains(told).doesNotContain("\tat ");
  }
}

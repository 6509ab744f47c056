package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training, masks and measures on a few coarse phantoms: shorter than it takes to learn much. */
class SegmentCommandTest {
  @TempDir static Path dir;
  private static Path manifest;
  private static Path out;
  private static CommandRun trained;

  @BeforeAll
  static void train() throws IOException {
    PhantomConfig coarse = new PhantomConfig(9, 11, 20, 5, List.of("LPS", "ASR"), Map.of());
    manifest = PhantomDataset.write(dir.resolve("phantoms"), 8, 1, coarse, 2);
    Path config = dir.resolve("segment.yaml");
    Files.writeString(
        config,
        """
        preset: phantom
        segmenter:
          vision:
            type: vit3d
            patch: {depth: 4, height: 4, width: 4}
            hiddenSize: 24
            layers: 2
            heads: 2
            mlpSize: 48
            position: sincos
            gridSize: {depth: 1, height: 1, width: 1}
            dropout: 0
            qkvBias: false
            layerNormEps: 1e-5
          decoder: {channels: 6, maxChannels: 12}
          window: {depth: 16, height: 16, width: 16}
          classes:
            - {name: lungs, values: [2, 3, 4, 5, 6]}
            - {name: bone, values: [10]}
            - {name: unicorn, values: [200]}
        preprocessing:
          orientation: RAS
          spacing: {z: 10, y: 10, x: 10}
          window: {level: -100, width: 1800}
          size: null
          nonFinite: fail
        training:
          steps: 150
          batch: 2
          foreground: 0.5
          freezeEncoder: false
          optimizer: {learningRate: 0.01, warmupFraction: 0}
        """);
    out = dir.resolve("out");
    trained =
        CommandRun.of("segment", "train", "--manifest", manifest, "--out", out, "--config", config);
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  @Test
  void findsLungsOnUnseenVolumes() throws IOException {
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    assertThat(trained.out()).startsWith("150 steps, loss ");
    CommandRun run =
        CommandRun.of(
            "segment", "evaluate", "--segmenter", out, "--manifest", manifest, "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode metrics = json(out.resolve("metrics.json"));
    assertThat(metrics.at("/volumes").asInt()).isEqualTo(2);
    // Calling everything lungs would give about 0.2.
    assertThat(metrics.at("/perStructure/lungs/dice").asDouble()).isGreaterThan(0.7);
    assertThat(metrics.at("/perStructure/lungs/hausdorff95").asDouble()).isPositive();
    assertThat(metrics.at("/perStructure/unicorn/dice").isNull()).isTrue();
    assertThat(metrics.at("/perStructure/unicorn/volumes").asInt()).isZero();
    assertThat(run.out()).contains("HD95 mm").contains("lungs");
  }

  @Test
  void masksLieOnTheirVolumes() throws IOException {
    List<ManifestRow> rows = Manifest.read(manifest).select(Split.TEST);
    List<Object> args =
        new ArrayList<>(
            List.of("segment", "predict", "--segmenter", out, "--out", dir.resolve("masks")));
    args.add("--input");
    rows.forEach(row -> args.add(row.volume()));
    CommandRun run = CommandRun.of(args.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    for (ManifestRow row : rows) {
      String name = row.volume().getFileName().toString().replace(".nii.gz", ".mask.nii.gz");
      Volume mask = VolumeReaders.read(dir.resolve("masks").resolve(name));
      Volume reference = VolumeReaders.read(row.mask().orElseThrow());
      assertThat(mask.affine()).isEqualTo(row.readVolume().affine());
      assertThat(mask.bounds()).isEqualTo(reference.bounds());
    }
    CommandRun again = CommandRun.of(args.toArray());
    assertThat(again.exitCode()).isEqualTo(1);
    assertThat(again.err()).contains("would be overwritten; choose another --out");
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    CommandRun noSegmenter =
        CommandRun.of("segment", "evaluate", "--segmenter", dir, "--manifest", manifest);
    assertThat(noSegmenter.exitCode()).isEqualTo(1);
    assertThat(noSegmenter.err())
        .contains("No segmenter at " + dir + "; give the --out folder of t3d segment train");
    CommandRun twice = CommandRun.of("segment", "train", "--manifest", manifest, "--out", out);
    assertThat(twice.exitCode()).isEqualTo(1);
    assertThat(twice.err()).contains("holds a segmenter already; choose another --out");
    Files.createFile(dir.resolve("a.nii"));
    Path held = Files.writeString(dir.resolve("held.csv"), "volume,report,split\na.nii,a,test\n");
    CommandRun untrained =
        CommandRun.of("segment", "train", "--manifest", held, "--out", dir.resolve("none"));
    assertThat(untrained.exitCode()).isEqualTo(1);
    assertThat(untrained.err())
        .contains(held + " has no row of the split train; give some rows split=train");
    CommandRun nothing = CommandRun.of("segment");
    assertThat(nothing.exitCode()).isEqualTo(2);
    assertThat(nothing.err()).contains("Missing subcommand: train, predict or evaluate");
  }
}

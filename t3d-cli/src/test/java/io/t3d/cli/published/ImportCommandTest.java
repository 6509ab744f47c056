package io.t3d.cli.published;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A published model through the commands, on the small checkpoint of {@code t3d-pipeline}. */
class ImportCommandTest {
  private static final Path GOLDEN = Path.of("../t3d-pipeline/src/test/resources/golden/published");

  @TempDir Path dir;

  @Test
  void anImportedModelIsOpenedByTheCommandsAsATrainedOne() throws IOException {
    Path model = dir.resolve("model");
    CommandRun made =
        CommandRun.of(
            "import",
            GOLDEN.resolve("ct-clip.pt"),
            "--from",
            "ct-clip",
            "--tokenizer",
            GOLDEN.resolve("ct-clip"),
            "--out",
            model);
    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(made.out())
        .contains("CT-CLIP imported to " + model)
        .contains("licence: CC BY-NC-SA 4.0");

    Path vectors = dir.resolve("vectors.safetensors");
    CommandRun embedded =
        CommandRun.of(
            "embed",
            "--checkpoint",
            model,
            "--input",
            GOLDEN.resolve("ct-clip-scan.nii.gz"),
            "--out",
            vectors);
    assertThat(embedded.exitCode()).as(embedded.err()).isZero();
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(Safetensors.read(manager, vectors).tensors().get("volumes").getShape())
          .isEqualTo(new Shape(1, 20));
    }
  }

  @Test
  void trainingStartsFromAnImportedModelAndGoesOnWithoutIt() throws IOException {
    Path model = dir.resolve("model");
    CommandRun made =
        CommandRun.of(
            "import",
            GOLDEN.resolve("ct-clip.pt"),
            "--tokenizer",
            GOLDEN.resolve("ct-clip"),
            "--out",
            model);
    assertThat(made.exitCode()).as(made.err()).isZero();
    PhantomDataset.write(dir.resolve("phantoms"), 12, 3);
    Path config = dir.resolve("config.yaml");
    Files.writeString(
        config,
        "preset: tiny\npretrained: {text: "
            + model
            + ", vision: "
            + model
            + "}\ndata:\n  batchSize: 4\n  views: {globalSize: {depth: 6, height: 12, width: 12}}\n"
            + "training:\n  epochs: 1\n");
    Path out = dir.resolve("out");

    CommandRun trained = pretrain(out, config);
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    String settings = Files.readString(out.resolve("checkpoint/config.json"));
    assertThat(settings).contains("\"ct-vit\"").contains("\"vocabSize\" : 15");
    assertThat(Files.readString(out.resolve("checkpoint/provenance.json")))
        .contains("model/model.safetensors sha256:");
    // The config says nothing of the preparation: it is the model's, also after the model is gone.
    String prepared = Files.readString(out.resolve("checkpoint/data.json"));
    assertThat(prepared).contains("\"PLS\"").contains("\"windowFirst\" : true");

    Path otherwise = dir.resolve("otherwise.yaml");
    Files.writeString(
        otherwise,
        Files.readString(config).replace("data:\n", "data:\n  preprocessing: {preset: chestCt}\n"));
    CommandRun refused = pretrain(dir.resolve("refused"), otherwise);
    assertThat(refused.exitCode()).isNotZero();
    assertThat(refused.err())
        .contains("data.preprocessing.orientation (PLS, now RAS)")
        .contains("pretrained.preparation: config");

    AtomicFiles.deleteTree(model);
    CommandRun resumed = pretrain(out, config, "--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(Files.readString(out.resolve("checkpoint/data.json"))).isEqualTo(prepared);
  }

  private CommandRun pretrain(Path out, Path config, Object... more) {
    List<Object> arguments =
        new ArrayList<>(
            List.of(
                "pretrain",
                "--manifest",
                dir.resolve("phantoms/manifest.csv"),
                "--out",
                out,
                "--config",
                config));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments.toArray());
  }

  @Test
  void whatDoesNotFitIsSaidInALine() {
    CommandRun run =
        CommandRun.of(
            "import", GOLDEN.resolve("ct-clip.pt"), "--from", "ctclip", "--out", dir.resolve("m"));
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains("did you mean \"ct-clip\"?").doesNotContain("\tat ");
  }
}

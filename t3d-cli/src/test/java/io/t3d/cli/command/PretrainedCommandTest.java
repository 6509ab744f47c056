package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.file.Safetensors;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training that starts from published weights, through the command. */
class PretrainedCommandTest {
  private static final Path PUBLISHED =
      Path.of("../t3d-core/src/test/resources/golden/pretrained/bert-bin");

  @Test
  void trainingStartsFromAFolderGoesOnWithoutItAndIsExported(@TempDir Path dir) throws IOException {
    Path folder = Files.createDirectory(dir.resolve("bert"));
    List<String> files = List.of("config.json", "vocab.txt", "pytorch_model.bin");
    for (String file : files) {
      Files.copy(PUBLISHED.resolve(file), folder.resolve(file));
    }
    PhantomDataset.write(dir.resolve("phantoms"), 12, 3);
    Path out = dir.resolve("out");
    Path config = dir.resolve("config.yaml");
    Files.writeString(
        config,
        "preset: tiny\npretrained:\n  text: "
            + folder
            + "\ndata:\n  batchSize: 4\ntraining:\n  epochs: 1\n"
            + "  lora: {rank: 2, layers: [text.*.query]}\n");

    CommandRun trained = pretrain(dir, out, config);
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    JsonNode provenance = json(out.resolve("checkpoint/provenance.json"));
    assertThat(provenance.at("/pretrained/text").asText())
        .startsWith("bert/pytorch_model.bin sha256:");
    assertThat(provenance.at("/model/text/hiddenSize").asInt()).isEqualTo(16);

    for (String file : files) {
      Files.delete(folder.resolve(file));
    }
    CommandRun resumed = pretrain(dir, out, config, "--resume");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(json(out.resolve("checkpoint/provenance.json")).get("pretrained"))
        .isEqualTo(provenance.get("pretrained"));

    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(
              Safetensors.read(manager, out.resolve("checkpoint/model.safetensors"))
                  .tensors()
                  .keySet())
          .contains(
              "text.encoder.layer.0.attention.self.query.lora_A.weight",
              "text.encoder.layer.0.attention.self.query.weight");
    }

    Path onnx = dir.resolve("onnx");
    CommandRun asOnnx = CommandRun.of("export", "--onnx", "--checkpoint", out, "--out", onnx);
    assertThat(asOnnx.exitCode()).as(asOnnx.err()).isZero();
    assertThat(onnx).isDirectoryContaining(file -> file.endsWith("vision.onnx"));
    assertThat(asOnnx.out())
        .contains("vision.onnx", "text.onnx", "tokenizer.json")
        .startsWith("exported ");

    Path exported = dir.resolve("exported");
    CommandRun export = CommandRun.of("export", "--checkpoint", out, "--out", exported);
    assertThat(export.exitCode()).as(export.err()).isZero();
    assertThat(json(exported.resolve("text/config.json")).get("model_type").asText())
        .isEqualTo("bert");
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(
              Safetensors.read(manager, exported.resolve("text/model.safetensors"))
                  .tensors()
                  .keySet())
          .contains("embeddings.word_embeddings.weight", "encoder.layer.1.output.dense.bias")
          .noneMatch(name -> name.contains("lora"));
      assertThat(
              Safetensors.read(manager, exported.resolve("vision.safetensors")).tensors().keySet())
          .contains("conv1.weight", "bn1.running_mean", "layer4.0.downsample.0.weight");
      assertThat(
              Safetensors.read(manager, exported.resolve("projections.safetensors"))
                  .tensors()
                  .keySet())
          .contains("vision_projection.weight", "text_projection.weight")
          .noneMatch(name -> name.startsWith("vision.") || name.startsWith("text."));
    }
  }

  private static CommandRun pretrain(Path dir, Path out, Path config, Object... more) {
    Object[] arguments = {
      "pretrain",
      "--manifest",
      dir.resolve("phantoms/manifest.csv"),
      "--out",
      out,
      "--config",
      config
    };
    List<Object> all = new java.util.ArrayList<>(List.of(arguments));
    all.addAll(List.of(more));
    return CommandRun.of(all.toArray());
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(Files.readString(file));
  }
}

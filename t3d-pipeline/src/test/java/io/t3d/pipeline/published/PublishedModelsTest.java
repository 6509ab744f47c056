package io.t3d.pipeline.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.weights.WeightFiles;
import io.t3d.pipeline.TestDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is alike for all kinds, on CT-CLIP's small checkpoint. */
class PublishedModelsTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/published");
  private static final Path FILE = GOLDEN.resolve("ct-clip.pt");
  private static final Optional<Path> TOKENIZER = Optional.of(GOLDEN.resolve("ct-clip"));
  private static final Optional<String> BY_ITSELF = Optional.empty();

  @TempDir Path dir;

  @Test
  void theFolderTellsLicenceSourceAndTheFileItCameFrom() throws IOException {
    Path out = dir.resolve("a/b");
    PublishedNote note = PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, out);

    PublishedNote read = Configs.load(out.resolve(PublishedNote.FILE_NAME), PublishedNote.class);
    assertThat(read).isEqualTo(note);
    assertThat(read.kind()).isEqualTo("ct-clip");
    assertThat(read.licence()).contains("CC BY-NC-SA 4.0");
    assertThat(read.files().keySet()).containsExactly("published/ct-clip.pt");
    assertThat(read.files().values()).allMatch(digest -> digest.matches("[0-9a-f]{64}"));
    assertThat(Files.readString(out.resolve("config.json"))).contains("\"ct-vit\"");
    // An earlier import is replaced as a whole.
    PublishedModels.importTo(List.of(FILE), Optional.of("ct-clip"), TOKENIZER, out);
    try (Stream<Path> beside = Files.list(out.getParent())) {
      assertThat(beside).containsExactly(out);
    }
  }

  @Test
  void everyTensorThatDoesNotFitIsNamedInOneMessageAndNothingIsWritten() throws IOException {
    Path file =
        changed(
            (tensors, scope) -> {
              tensors.remove("visual_transformer.enc_temporal_transformer.norm_out.gamma");
              tensors.remove("text_transformer.encoder.layer.1.output.dense.bias");
              tensors.put("to_text_latent.weight", scope.zeros(new Shape(20, 31)));
              for (int i = 0; i < 12; i++) {
                tensors.put("head." + i + ".weight", scope.zeros(new Shape(2)));
              }
            });
    Path out = dir.resolve("out");
    assertThatThrownBy(() -> PublishedModels.importTo(List.of(file), BY_ITSELF, TOKENIZER, out))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith(file + " is no checkpoint of ct-clip; missing (2): ")
        .hasMessageContaining("visual_transformer.enc_temporal_transformer.norm_out.gamma")
        .hasMessageContaining("text_transformer.encoder.layer.1.output.dense.bias")
        .hasMessageContaining(
            "of another shape (1): to_text_latent.weight (20, 31) instead of (20, 32)")
        .hasMessageContaining("unexpected (12): ")
        .hasMessageContaining("head.11.weight");
    assertThat(out).doesNotExist();
  }

  @Test
  void tensorsThatTellTheSizesAreNamedTogetherWhereTheyAreMissing() throws IOException {
    Path file =
        changed(
            (tensors, scope) -> {
              tensors.remove("visual_transformer.to_patch_emb.2.weight");
              tensors.remove("visual_transformer.vq._codebook.embed");
              tensors.put("visual_transformer.to_patch_emb.1.weight", scope.zeros(new Shape(4, 8)));
            });
    assertThatThrownBy(
            () -> PublishedModels.importTo(List.of(file), BY_ITSELF, TOKENIZER, dir.resolve("out")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("visual_transformer.to_patch_emb.2.weight")
        .hasMessageContaining("visual_transformer.vq._codebook.embed")
        .hasMessageContaining("visual_transformer.to_patch_emb.1.weight (with 1 axes, got (4, 8))");
  }

  @Test
  void namesBehindAWrapperOfDistributedTrainingAreTheSame() throws IOException {
    Path file = dir.resolve("wrapped.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> wrapped = new LinkedHashMap<>();
      WeightFiles.read(scope, FILE).tensors().forEach((n, a) -> wrapped.put("module." + n, a));
      Safetensors.write(file, wrapped, Map.of());
    }
    PublishedNote note =
        PublishedModels.importTo(List.of(file), BY_ITSELF, TOKENIZER, dir.resolve("out"));
    assertThat(note.kind()).isEqualTo("ct-clip");
  }

  @Test
  void usersMistakesAreSaidInALine() throws IOException {
    Path out = dir.resolve("out");
    assertThatThrownBy(
            () -> PublishedModels.importTo(List.of(FILE), Optional.of("ctclip"), TOKENIZER, out))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("did you mean \"ct-clip\"?");
    assertThatThrownBy(
            () -> PublishedModels.importTo(List.of(FILE), BY_ITSELF, Optional.empty(), out))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("--tokenizer");
    Path other = dir.resolve("other.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Safetensors.write(other, Map.of("conv.weight", scope.zeros(new Shape(3))), Map.of());
    }
    assertThatThrownBy(() -> PublishedModels.importTo(List.of(other), BY_ITSELF, TOKENIZER, out))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("[conv.weight]; say which with --from");
    Path mine = Files.createDirectory(dir.resolve("mine"));
    Files.writeString(mine.resolve("thesis.txt"), "years of work");
    assertThatThrownBy(() -> PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, mine))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("mine holds other files (thesis.txt) and no published.json");
    assertThat(mine.resolve("thesis.txt")).exists();
    assertThat(out).doesNotExist();
  }

  @Test
  void whatAUserHasPutIntoTheFolderStaysWhenItIsImportedAnew() throws IOException {
    Path out = dir.resolve("again");
    PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, out);
    byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
    String data = Files.readString(out.resolve("data.json"));
    Files.writeString(out.resolve("thesis.txt"), "years of work");
    Files.createDirectories(out.resolve("runs/a"));
    Files.writeString(out.resolve("runs/a/log.csv"), "step,loss");
    Files.createSymbolicLink(out.resolve("latest"), Path.of("runs/a"));
    Files.createSymbolicLink(out.resolve("gone"), Path.of("nowhere"));
    Files.writeString(out.resolve("data.json"), data.replace("\"threads\" : 1", "\"threads\" : 4"));
    Files.writeString(out.resolve("model.safetensors"), "damaged");

    PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, out);
    assertThat(out.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(out.resolve("data.json")).hasContent(data);
    assertThat(Files.readString(out.resolve("data.previous.json"))).contains("\"threads\" : 4");
    assertThat(out.resolve("thesis.txt")).hasContent("years of work");
    assertThat(out.resolve("runs/a/log.csv")).hasContent("step,loss");
    assertThat(Files.readSymbolicLink(out.resolve("latest"))).isEqualTo(Path.of("runs/a"));
    assertThat(Files.readSymbolicLink(out.resolve("gone"))).isEqualTo(Path.of("nowhere"));
    // Once more: a change of another kind is kept beside the first one.
    Files.writeString(out.resolve("data.json"), data.replace("\"threads\" : 1", "\"threads\" : 8"));
    PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, out);
    assertThat(Files.readString(out.resolve("data.previous.json"))).contains("\"threads\" : 4");
    assertThat(Files.readString(out.resolve("data.previous-2.json"))).contains("\"threads\" : 8");
    try (Stream<Path> beside = Files.list(dir)) {
      assertThat(beside.map(p -> p.getFileName().toString())).containsExactly("again");
    }
  }

  @Test
  void anImportThatFailsLeavesTheFolderAsItWas() throws IOException {
    Path out = dir.resolve("again");
    PublishedModels.importTo(List.of(FILE), BY_ITSELF, TOKENIZER, out);
    Files.writeString(out.resolve("thesis.txt"), "years of work");
    byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
    Path wrong = changed((tensors, scope) -> tensors.remove("to_text_latent.weight"));
    assertThatThrownBy(() -> PublishedModels.importTo(List.of(wrong), BY_ITSELF, TOKENIZER, out))
        .isInstanceOf(T3dException.class);
    assertThat(out.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(out.resolve("thesis.txt")).hasContent("years of work");
  }

  @Test
  void modelsThatAreNotRunAreKnownByTheirTensorsAndRefusedByName() throws IOException {
    assertRefused("colipri", "image_encoder.primus.eva.blocks.0.attn.q_proj.weight");
    assertRefused("colipri", "eva.blocks.0.attn.q_proj.weight", "down_projection.proj.weight");
    try (NDManager scope = TestDevice.manager()) {
      for (String file :
          List.of(
              "ct-clip.pt",
              "merlin",
              "spectre",
              "voxelfm",
              "m3d-clip",
              "hlip",
              "radfinder",
              "fvlm")) {
        Path path = GOLDEN.resolve(file.contains(".") ? file : file + ".safetensors");
        var names = PublishedTensors.read(scope, List.of(path)).names();
        assertThat(RefusedKind.of(names)).as(file).isEmpty();
      }
    }
  }

  /** Also where the file is said to be of another kind. */
  private void assertRefused(String kind, String... names) throws IOException {
    Path file = dir.resolve("refused.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (String name : names) {
        tensors.put(name, scope.zeros(new Shape(3)));
      }
      Safetensors.write(file, tensors, Map.of());
    }
    for (Optional<String> from : List.of(BY_ITSELF, Optional.of("spectre"))) {
      assertThatThrownBy(
              () -> PublishedModels.importTo(List.of(file), from, TOKENIZER, dir.resolve("out")))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith(
              file + " is by its tensors of " + kind + ", which is not imported: ")
          .hasMessageContaining("see docs/published-models.md");
    }
    assertThat(dir.resolve("out")).doesNotExist();
  }

  @Test
  void aTokenizerBesideTheSettingsOfTheWholeModelIsTaken() throws IOException {
    Path folder = Files.createDirectory(dir.resolve("whole"));
    Files.copy(TOKENIZER.orElseThrow().resolve("vocab.txt"), folder.resolve("vocab.txt"));
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"of_its_own\"}");
    try (NDManager scope = TestDevice.manager()) {
      PublishedTensors file = PublishedTensors.read(scope, List.of(FILE));
      var described = new CtClip().describe(file, Optional.of(folder));
      assertThat(described.config().text().hiddenSize()).isEqualTo(32);
    }
  }

  private Path changed(BiConsumer<Map<String, NDArray>, NDManager> change) throws IOException {
    Path file = dir.resolve("changed.safetensors");
    try (NDManager scope = TestDevice.manager()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>(WeightFiles.read(scope, FILE).tensors());
      change.accept(tensors, scope);
      Safetensors.write(file, tensors, Map.of());
    }
    return file;
  }
}

package io.t3d.core.internal.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import com.google.common.hash.Hashing;
import io.t3d.core.TestDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightFilesTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/pretrained");

  @TempDir Path dir;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = TestDevice.manager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void theOriginNamesTheFileAndItsDigest() throws IOException {
    Path file = GOLDEN.resolve("bert-bin/pytorch_model.bin");

    WeightFiles.Loaded loaded = WeightFiles.read(manager, GOLDEN.resolve("bert-bin"));

    String digest = Hashing.sha256().hashBytes(Files.readAllBytes(file)).toString();
    assertThat(loaded.origin()).isEqualTo("bert-bin/pytorch_model.bin sha256:" + digest);
  }

  @Test
  void shardsAreReadAsOne() throws IOException {
    var whole = WeightFiles.read(manager, GOLDEN.resolve("bert-safetensors")).tensors();
    var sharded = WeightFiles.read(manager, GOLDEN.resolve("bert-sharded")).tensors();

    assertThat(sharded).isEqualTo(whole);
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    Path index = GOLDEN.resolve("bert-sharded/model.safetensors.index.json");
    Path copy = Files.copy(index, dir.resolve("model.safetensors.index.json"));

    assertThatThrownBy(() -> WeightFiles.read(manager, dir))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(
            dir.resolve("model-00001-of-00002.safetensors") + ": a shard that " + copy + " lists");
  }

  @Test
  void aShardOutsideTheFolderIsRefused() throws IOException {
    Path index = dir.resolve("model.safetensors.index.json");
    Files.writeString(index, "{\"weight_map\": {\"w\": \"../secret\"}}");

    assertThatThrownBy(() -> WeightFiles.read(manager, dir))
        .hasMessage(index + ": a shard must lie beside its index, got ../secret");
  }

  @Test
  void anEmptyFolderIsAnError() {
    assertThatThrownBy(() -> WeightFiles.read(manager, dir))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(
            dir
                + ": the folder has none of the weights files [model.safetensors,"
                + " model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json]");
  }
}

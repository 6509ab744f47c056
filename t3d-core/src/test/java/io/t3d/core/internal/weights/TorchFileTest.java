package io.t3d.core.internal.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.TestDevice;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files of {@code src/test/python/pretrained_vision_goldens.py}, and some that no PyTorch wrote.
 */
class TorchFileTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/pretrained/vision");

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

  @ParameterizedTest
  @ValueSource(strings = {"views.pt", "views-old.pt"})
  void everyTypeAndEveryViewOfAStorageIsRead(String name) throws IOException {
    Map<String, NDArray> read = TorchFile.read(manager, GOLDEN.resolve(name));

    Map<String, NDArray> expected =
        Safetensors.read(manager, GOLDEN.resolve("views.expected.safetensors")).tensors();
    assertThat(read.keySet()).isEqualTo(expected.keySet());
    expected.forEach((key, array) -> assertThat(read.get(key)).as(key).isEqualTo(array));
  }

  /** Files of {@code training_checkpoint_goldens.py}. */
  @ParameterizedTest
  @ValueSource(strings = {"trainer.pt", "trainer-deep.pt"})
  void ofATrainingCheckpointTheModelIsRead(String name) throws IOException {
    Map<String, NDArray> read =
        TorchFile.read(manager, GOLDEN.resolveSibling("training").resolve(name));

    assertThat(read.keySet()).containsExactly("weight", "bias");
    assertThat(read.get("weight").toFloatArray()).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(read.get("bias").toFloatArray()).containsExactly(7, 8);
  }

  @Test
  void whatIsNotATensorIsRefusedByName() {
    Path file = GOLDEN.resolve("with-args.pt");

    assertThatThrownBy(() -> TorchFile.read(manager, file))
        .isInstanceOf(IOException.class)
        .hasMessage(
            file
                + " asks Python for argparse.Namespace, which is refused: only a dictionary of"
                + " tensors is read, and nothing in a file is run. Save the weights alone in Python:"
                + " torch.save(model.state_dict(), FILE), or as safetensors");
  }

  @Test
  void aPickleThatWouldRunACommandIsRefused() throws IOException {
    Path file = zip("archive/data.pkl", "\u0080\u0002cos\nsystem\n(X\u0004\0\0\0true\u0085R.");

    assertThatThrownBy(() -> TorchFile.read(manager, file))
        .hasMessageStartingWith(file + " asks Python for os.system, which is refused");
  }

  @Test
  void aCodeArchiveIsRefused() {
    assertThatThrownBy(() -> TorchFile.read(manager, GOLDEN.resolve("script.pt")))
        .hasMessageEndingWith(
            "script.pt is a TorchScript archive, which holds code; save the weights alone in"
                + " Python: torch.save(model.state_dict(), FILE)");
  }

  @Test
  void aTensorBeyondItsStorageIsAnError() throws IOException {
    // OrderedDict-free: {'w': _rebuild_tensor_v2(storage of 2 floats, offset 1, (2,), (1,), …)}
    Path file =
        zip(
            "a/data.pkl",
            "\u0080\u0002}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storage"
                + "ctorch\nFloatStorage\nX\u0001\0\0\0000X\u0003\0\0\0cpuK\u0002tQK\u0001K\u0002"
                + "\u0085K\u0001\u0085\u0089}tRs.");

    assertThatThrownBy(() -> TorchFile.read(manager, file))
        .hasMessage(
            file
                + " is damaged: tensor w of shape [2] reaches beyond its storage of 2 elements, or"
                + " is larger than 2 GiB");
  }

  @Test
  void shortsAreReadAsIntsWhichDjlHas() throws IOException {
    Path file =
        zip(
            "a/data.pkl",
            "\u0080\u0002}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storage"
                + "ctorch\nShortStorage\nX\u0001\0\0\0000X\u0003\0\0\0cpuK\u0002tQK\0K\u0002"
                + "\u0085K\u0001\u0085\u0089}tRs.",
            "a/data/0",
            "\u00fe\u00ff,\u0001");

    NDArray read = TorchFile.read(manager, file).get("w");
    assertThat(read.getDataType()).isEqualTo(DataType.INT32);
    assertThat(read.toIntArray()).containsExactly(-2, 300);
  }

  @ParameterizedTest
  @ValueSource(strings = {"views.pt", "views-old.pt", "resnet-monai.pt", "resnet-medicalnet.pth"})
  void aTruncatedFileIsAnError(String name) throws IOException {
    byte[] whole = Files.readAllBytes(GOLDEN.resolve(name));
    Path file = dir.resolve(name);
    for (int parts = 1; parts < 8; parts++) {
      Files.write(file, Arrays.copyOf(whole, whole.length * parts / 8));
      assertThatThrownBy(() -> TorchFile.read(manager, file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void anotherZipIsToldFromOneOfPyTorch() throws IOException {
    Path file = zip("word/document.xml", "");

    assertThatThrownBy(() -> TorchFile.read(manager, file))
        .hasMessage(
            file + " is a zip archive, but not one of torch.save: it must hold one data.pkl");
  }

  @Test
  void aDictionaryWithoutTensorsListsItsKeys() throws IOException {
    Path file = zip("a/data.pkl", "\u0080\u0002}X\u0005\0\0\0epochK\u0003s.");

    assertThatThrownBy(() -> TorchFile.read(manager, file))
        .hasMessage(
            file
                + " holds no tensors at the top nor under one of [state_dict, model_state_dict,"
                + " model_state, model, network_weights, module, net, weights, checkpoint, teacher], but"
                + " [epoch]; save model.state_dict()"
                + " instead");
  }

  /** An archive of names and texts in turns; the texts' characters are bytes. */
  private Path zip(String... entries) throws IOException {
    Path file = dir.resolve("made.pt");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      for (int i = 0; i < entries.length; i += 2) {
        out.putNextEntry(new ZipEntry(entries[i]));
        out.write(entries[i + 1].getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    return file;
  }
}

package io.t3d.core.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @TempDir Path folder;
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
  void aFileFromPythonIsReadValueByValue() throws IOException {
    Safetensors.Contents contents = Safetensors.read(manager, golden());
    Map<String, NDArray> t = contents.tensors();
    assertThat(t.get("f32").toFloatArray()).containsExactly(1.5f, -2.25f, 3, 0, 1e-30f, -1e30f);
    assertThat(t.get("f32").getShape()).isEqualTo(new Shape(2, 3));
    assertThat(t.get("f64").toDoubleArray()).containsExactly(1.0 / 3.0, -1e-300);
    assertThat(t.get("f16").toType(DataType.FLOAT32, false).toFloatArray())
        .containsExactly(0.5f, -65504f);
    assertThat(t.get("bf16").getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(t.get("bf16").toFloatArray()).containsExactly(1f, -2.5f, 3.140625f);
    assertThat(t.get("i64").toLongArray()).containsExactly(1, -(1L << 40));
    assertThat(t.get("i32").toIntArray()).containsExactly(7, -7);
    assertThat(t.get("u8").toUint8Array()).containsExactly(0, 255, 3);
    assertThat(t.get("bool").toBooleanArray()).containsExactly(true, false, true);
    assertThat(t.get("scalar").getShape().dimension()).isZero();
    assertThat(t.get("scalar").getFloat()).isEqualTo(2.5f);
    assertThat(t.get("empty").getShape()).isEqualTo(new Shape(0, 4));
    assertThat(contents.metadata()).containsEntry("format", "pt").containsEntry("note", "größer");
    assertThat(List.copyOf(t.keySet())).isSorted();
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Path file = folder.resolve("sub/a.safetensors");
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("z.weight", manager.arange(6f).reshape(2, 3)); // (2, 3)
    tensors.put("transposed", manager.arange(6f).reshape(2, 3).transpose()); // (3, 2)
    tensors.put("flags", manager.create(new boolean[] {true, false, true}));
    tensors.put("count", manager.create(9L));
    tensors.put("b.half", manager.create(new float[] {0.25f}).toType(DataType.FLOAT16, false));
    tensors.put("empty", manager.create(new Shape(0, 2)));
    Safetensors.write(file, tensors, Map.of("step", "3"));

    Safetensors.Contents back = Safetensors.read(manager, file);

    assertThat(back.metadata()).containsExactly(Map.entry("step", "3"));
    assertThat(back.tensors().keySet())
        .containsExactly("b.half", "count", "empty", "flags", "transposed", "z.weight");
    tensors.forEach((name, array) -> assertThat(back.tensors().get(name)).isEqualTo(array));
    assertThat(back.tensors().get("transposed").toFloatArray()).containsExactly(0, 3, 1, 4, 2, 5);
  }

  @Test
  void arraysReadDoNotShareTheReadersBuffer() throws IOException {
    Path file = folder.resolve("a.safetensors");
    Safetensors.write(
        file,
        Map.of("a", manager.ones(new Shape(100)), "b", manager.zeros(new Shape(100))),
        Map.of());
    Map<String, NDArray> t = Safetensors.read(manager, file).tensors();
    assertThat(t.get("a").sum().getFloat()).isEqualTo(100f);
    assertThat(t.get("b").sum().getFloat()).isZero();
  }

  @Test
  void theHeaderIsListedWithoutAnEngine() throws IOException {
    SafetensorsHeader header = Safetensors.header(golden());
    assertThat(header.tensors().get("bf16").dtype()).isEqualTo(SafetensorsHeader.Dtype.BF16);
    assertThat(header.tensors().get("i64").shape()).isEqualTo(new Shape(2, 1));
  }

  @Test
  void writingTwiceGivesTheSameBytes() throws IOException {
    Map<String, NDArray> a = new LinkedHashMap<>();
    a.put("x", manager.create(1f));
    a.put("y", manager.create(2f));
    Map<String, NDArray> b = new LinkedHashMap<>();
    b.put("y", manager.create(2f));
    b.put("x", manager.create(1f));
    Safetensors.write(folder.resolve("1"), a, Map.of());
    Safetensors.write(folder.resolve("2"), b, Map.of());
    assertThat(folder.resolve("1")).hasSameBinaryContentAs(folder.resolve("2"));
  }

  @Test
  void aFileTruncatedAnywhereIsAnErrorThatNamesIt() throws IOException {
    byte[] whole = Files.readAllBytes(golden());
    for (int length : new int[] {0, 7, 8, 100, whole.length - 1}) {
      Path file = folder.resolve("cut.safetensors");
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Safetensors.read(manager, file))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cut.safetensors");
    }
    Path file = folder.resolve("cut.safetensors");
    assertThatThrownBy(() -> Safetensors.read(manager, file))
        .hasMessageContaining("truncated: its header promises");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1]                                                        | not a JSON object",
        "{\"a\":                                                    | not valid JSON",
        "{\"a\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,4]}}  | dtype 'F8', known are",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | needs 8 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | integers >= 0",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}} | no list named shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[9999999999,9999999999],\"data_offsets\":[0,4]}} | impossible",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}} | bad data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}} | 4 bytes follow",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}} | expected 0",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{}} | Duplicate",
      })
  void aDamagedHeaderSaysWhatIsWrong(String json, String message) throws IOException {
    Path file = write(json.strip().getBytes(StandardCharsets.UTF_8), 4);
    assertThatThrownBy(() -> Safetensors.read(manager, file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void aHugeHeaderLengthIsRefusedBeforeItIsAllocated() throws IOException {
    Path file = folder.resolve("huge");
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, bytes.putLong(0, Long.MAX_VALUE).array());
    assertThatThrownBy(() -> Safetensors.read(manager, file))
        .hasMessageContaining("claims 9223372036854775807 bytes");
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() -> Safetensors.read(manager, folder.resolve("no.safetensors")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("no.safetensors");
  }

  @Test
  void aFailedWriteLeavesTheOldFileAndNoLitter() throws IOException {
    Path file = folder.resolve("a.safetensors");
    Safetensors.write(file, Map.of("a", manager.create(1f)), Map.of());
    NDArray closed = manager.create(2f);
    NDArray good = manager.create(new float[] {1, 2});
    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    file,
                    channel -> {
                      channel.write(ByteBuffer.wrap(new byte[10]));
                      throw new IOException("No space left on device");
                    }))
        .hasMessage("Cannot write " + file + ": No space left on device");
    closed.close();
    assertThatThrownBy(() -> Safetensors.write(file, Map.of("a", good, "b", closed), Map.of()))
        .isInstanceOf(RuntimeException.class);
    assertThat(Safetensors.read(manager, file).tensors().get("a").getFloat()).isEqualTo(1f);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void aFolderInTheWayAndAFileForAFolderAreNamed() throws IOException {
    Path dir = Files.createDirectory(folder.resolve("dir"));
    assertThatThrownBy(() -> Safetensors.write(dir, Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a folder, expected a file");
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> Safetensors.write(file.resolve("a"), Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Cannot make the folder");
  }

  private Path write(byte[] json, int data) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json);
    return Files.write(folder.resolve("made.safetensors"), bytes.array());
  }

  private Path golden() throws IOException {
    Path file = folder.resolve("python.safetensors");
    if (!Files.exists(file)) {
      try (InputStream in =
          getClass().getResourceAsStream("/golden/safetensors/python.safetensors")) {
        Files.copy(in, file);
      }
    }
    return file;
  }
}

package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.PointerFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Reads named weights from whatever form they are published in. */
public final class WeightFiles {
  /** In a HuggingFace folder, in the order of preference. */
  private static final List<String> IN_FOLDER =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");

  private static final ObjectMapper JSON = new ObjectMapper();

  private WeightFiles() {}

  /**
   * Weights and where they come from.
   *
   * @param tensors name → array, under the names of the file
   * @param origin for provenance: the last two parts of the path and the SHA-256 of the content
   *     (that of all shards, one after the other), e.g. {@code RadBERT/pytorch_model.bin
   *     sha256:3a7b…}
   */
  public record Loaded(Map<String, NDArray> tensors, String origin) {}

  /**
   * Reads all tensors.
   *
   * @param manager owns the arrays; its device is where they go
   * @param path a safetensors file, a file of {@code torch.save} ({@code .pt}, {@code .pth}, {@code
   *     .bin}), an {@code .index.json} that lists shards of these, or a HuggingFace folder
   * @throws IOException naming the file and what is missing, damaged or refused
   */
  public static Loaded read(NDManager manager, Path path) throws IOException {
    Path file = Files.isDirectory(path) ? inFolder(path) : path;
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(file.toString(), null, "no such file of weights");
    }
    List<Path> shards = file.toString().endsWith(".json") ? shards(file) : List.of(file);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    for (Path shard : shards) {
      for (Map.Entry<String, NDArray> entry : readOne(manager, shard).entrySet()) {
        if (tensors.put(entry.getKey(), entry.getValue()) != null) {
          throw new IOException(file + ": two shards hold the tensor " + entry.getKey());
        }
      }
    }
    return new Loaded(tensors, name(file) + " sha256:" + digest(shards));
  }

  private static Path inFolder(Path folder) throws IOException {
    for (String name : IN_FOLDER) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    throw new NoSuchFileException(
        folder.toString(), null, "the folder has none of the weights files " + IN_FOLDER);
  }

  private static List<Path> shards(Path index) throws IOException {
    JsonNode names;
    try {
      names = JSON.readTree(PointerFiles.readText(index)).path("weight_map");
    } catch (JsonProcessingException e) {
      throw new IOException(index + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
    if (!names.isObject() || names.isEmpty()) {
      throw new IOException(index + " lists no shards: it has no object weight_map");
    }
    TreeSet<String> files = new TreeSet<>();
    names.forEach(n -> files.add(n.asText()));
    for (String file : files) {
      if (!Path.of(file).equals(Path.of(file).getFileName())) {
        throw new IOException(index + ": a shard must lie beside its index, got " + file);
      }
      if (!Files.isRegularFile(index.resolveSibling(file))) {
        throw new NoSuchFileException(
            index.resolveSibling(file).toString(), null, "a shard that " + index + " lists");
      }
    }
    return files.stream().map(index::resolveSibling).toList();
  }

  private static Map<String, NDArray> readOne(NDManager manager, Path file) throws IOException {
    PointerFiles.refuse(file);
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(16);
    }
    return TorchFile.looksLikeOne(start)
        ? TorchFile.read(manager, file)
        : Safetensors.read(manager, file).tensors();
  }

  private static String name(Path file) {
    Path full = file.toAbsolutePath().normalize();
    int parts = full.getNameCount();
    return full.subpath(Math.max(0, parts - 2), parts).toString();
  }

  private static String digest(List<Path> files) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    byte[] buffer = new byte[1 << 20];
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file)) {
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          hasher.putBytes(buffer, 0, n);
        }
      }
    }
    return hasher.hash().toString();
  }
}

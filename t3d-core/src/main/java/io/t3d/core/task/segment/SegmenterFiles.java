package io.t3d.core.task.segment;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Configs;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.SavedFolder;
import io.t3d.core.nn.internal.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A segmenter as a folder. */
final class SegmenterFiles {
  private static final String CONFIG = "segmenter.json";
  private static final String WEIGHTS = "segmenter.safetensors";

  private SegmenterFiles() {}

  static void save(Path dir, Segmenter segmenter) throws IOException {
    AtomicFiles.makeFolder(dir);
    AtomicFiles.writeText(dir.resolve(CONFIG), Configs.toJson(segmenter.config()));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    segmenter.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Safetensors.write(dir.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
  }

  static Segmenter load(Path dir, Device device) throws IOException {
    SavedFolder.require(dir, "a segmenter", List.of(CONFIG, WEIGHTS));
    SegmenterConfig config = Configs.load(dir.resolve(CONFIG), SegmenterConfig.class);
    Segmenter segmenter = new Segmenter(config, device, 0, false);
    try (NDManager scope = segmenter.manager().newSubManager()) {
      Path file = dir.resolve(WEIGHTS);
      Map<String, NDArray> tensors = Safetensors.read(scope, file).tensors();
      Weights.load(segmenter.encoder(), part(tensors, "encoder."), file.toString());
      Weights.load(segmenter.decoder(), part(tensors, "decoder."), file.toString());
      return segmenter;
    } catch (IOException | RuntimeException e) {
      segmenter.close();
      throw e;
    }
  }

  private static Map<String, NDArray> part(Map<String, NDArray> tensors, String prefix) {
    Map<String, NDArray> out = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            out.put(name.substring(prefix.length()), tensor);
          }
        });
    return out;
  }
}

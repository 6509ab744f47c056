package io.t3d.core.task.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Configs;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.internal.SavedFolder;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.internal.LoraLayers;
import io.t3d.core.nn.internal.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** A report generator as a folder. */
final class GeneratorFiles {
  private static final String CONFIG = "generator.json";
  private static final String WEIGHTS = "decoder.safetensors";

  private GeneratorFiles() {}

  /**
   * What the file says.
   *
   * @param decoder its sizes
   * @param positions tokens of a report at most, begin and end among them
   * @param encoder checksum of the weights it read from
   * @param tokenizer checksum of the tokenizer
   */
  record Description(
      ReportDecoderConfig decoder, int positions, String encoder, String tokenizer) {}

  static void save(Path dir, ReportGenerator generator) throws IOException {
    AtomicFiles.makeFolder(dir);
    T3DModel model = generator.model();
    Description description =
        new Description(
            generator.config(),
            generator.decoder().positions(),
            checksum(model),
            model.tokenizer().checksum());
    AtomicFiles.writeText(dir.resolve(CONFIG), Configs.toJson(description));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    generator.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Safetensors.write(dir.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
  }

  static ReportGenerator load(Path dir, T3DModel model) throws IOException {
    SavedFolder.require(dir, "a report generator", List.of(CONFIG, WEIGHTS));
    Path config = dir.resolve(CONFIG);
    Description saved = Configs.fromJson(PointerFiles.readText(config), Description.class, config);
    check(config, "tokenizer", saved.tokenizer(), model.tokenizer().checksum());
    check(config, "encoder", saved.encoder(), checksum(model));
    ReportGenerator generator = new ReportGenerator(model, saved.decoder(), saved.positions(), 0);
    try (NDManager scope = generator.manager().newSubManager()) {
      Path weights = dir.resolve(WEIGHTS);
      Safetensors.Contents contents = Safetensors.read(scope, weights);
      Weights.load(generator.decoder(), contents.tensors(), weights.toString());
      return generator;
    } catch (IOException | RuntimeException e) {
      generator.close();
      throw e;
    }
  }

  private static void check(Path config, String what, String saved, String here)
      throws IOException {
    if (!saved.equals(here)) {
      throw new IOException(
          config
              + " was trained on another model: its "
              + what
              + " differs; give the checkpoint that it was trained on, or train a new generator");
    }
  }

  /**
   * Of the encoder's weights: a decoder means nothing to another encoder of the same sizes.
   * Low-rank pairs count as their sum, which is what {@link T3DModel#load} gives.
   */
  private static String checksum(T3DModel model) throws IOException {
    CRC32C sum = new CRC32C();
    try (NDManager scope = model.manager().newSubManager()) {
      Map<String, NDArray> handles = new LinkedHashMap<>();
      StateDict.of(model.vision())
          .forEach(
              (name, parameter) -> {
                NDArray handle = parameter.getArray().stopGradient();
                handle.attach(scope);
                handles.put(name, handle);
              });
      for (NDArray weight : new TreeMap<>(LoraLayers.merged(handles, "the encoder")).values()) {
        float[] values = weight.toFloatArray();
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
        bytes.asFloatBuffer().put(values);
        sum.update(bytes);
      }
    }
    return Long.toHexString(sum.getValue());
  }
}

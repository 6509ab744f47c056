package io.t3d.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.config.Configs;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.Weights;
import io.t3d.core.tensor.AtomicFiles;
import io.t3d.core.tensor.Safetensors;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
   * @param vocabSize entries of the tokenizer
   * @param longest tokens of a report at most, begin and end among them
   * @param encoder checksum of the weights it read from
   * @param tokenizer checksum of the tokenizer
   */
  record Description(
      ReportDecoderConfig decoder, int vocabSize, int longest, String encoder, String tokenizer) {}

  static void save(Path dir, ReportGenerator generator) throws IOException {
    AtomicFiles.makeFolder(dir);
    AtomicFiles.writeText(
        dir.resolve(CONFIG), Configs.toJson(describe(generator.config(), generator.model())));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    generator.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Safetensors.write(dir.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
  }

  private static Description describe(ReportDecoderConfig config, T3DModel model) {
    ReportTokenizer tokenizer = model.tokenizer();
    return new Description(
        config,
        tokenizer.vocabSize(),
        tokenizer.maxLength(),
        checksum(model),
        tokenizer.checksum());
  }

  static ReportGenerator load(Path dir, T3DModel model) throws IOException {
    for (String name : List.of(CONFIG, WEIGHTS)) {
      if (!Files.isRegularFile(dir.resolve(name))) {
        throw new NoSuchFileException(
            dir.resolve(name).toString(),
            null,
            "a report generator is a folder with generator.json and decoder.safetensors");
      }
    }
    Path config = dir.resolve(CONFIG);
    Description saved = Configs.fromJson(Files.readString(config), Description.class);
    Description here = describe(saved.decoder(), model);
    if (!saved.equals(here)) {
      throw new IOException(
          config
              + " was trained on another model: "
              + (saved.tokenizer().equals(here.tokenizer()) ? "its encoder" : "its tokenizer")
              + " differs; give the checkpoint that it was trained on, or train a new generator");
    }
    ReportGenerator generator = ReportGenerator.create(model, saved.decoder(), 0);
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

  /** Of the encoder's weights: a decoder means nothing to another encoder of the same sizes. */
  private static String checksum(T3DModel model) {
    CRC32C sum = new CRC32C();
    for (Parameter parameter : new TreeMap<>(StateDict.of(model.vision())).values()) {
      sum.update(parameter.getArray().toByteBuffer());
    }
    return Long.toHexString(sum.getValue());
  }
}

package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.tensor.AtomicFiles;
import io.t3d.core.tensor.Safetensors;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model as a folder. Weights go under full names with their shapes, and both are checked. */
final class ModelFiles {
  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final int LISTED = 5; // differences that a message shows per kind

  private ModelFiles() {}

  /** Each file is replaced as a whole, the weights last. */
  static void save(Path dir, T3DModel model, ReportTokenizer tokenizer) throws IOException {
    AtomicFiles.makeFolder(dir);
    tokenizer.save(dir.resolve(ReportTokenizer.FILE_NAME));
    AtomicFiles.writeText(dir.resolve(CONFIG), Configs.toJson(model.config()));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Safetensors.write(dir.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
  }

  static T3DModel load(Path dir, Device device) throws IOException {
    for (String name : List.of(CONFIG, ReportTokenizer.FILE_NAME, WEIGHTS)) {
      if (!Files.isRegularFile(dir.resolve(name))) {
        throw new NoSuchFileException(
            dir.resolve(name).toString(),
            null,
            "a T3D checkpoint is a folder with config.json, tokenizer.json and model.safetensors");
      }
    }
    String json = Files.readString(dir.resolve(CONFIG));
    T3DConfig config = Configs.fromJson(json, T3DConfig.class);
    ReportTokenizer tokenizer =
        ReportTokenizer.fromPretrained(
            dir.resolve(ReportTokenizer.FILE_NAME), config.text().maxLength());
    T3DModel model = null;
    try {
      model = T3DModel.create(config, tokenizer, device, 0);
      readWeights(dir.resolve(WEIGHTS), model);
      return model;
    } catch (IOException | RuntimeException e) {
      if (model == null) {
        tokenizer.close();
      } else {
        model.close();
      }
      throw e;
    }
  }

  private static void readWeights(Path file, T3DModel model) throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      Map<String, NDArray> tensors = Safetensors.read(scope, file).tensors();
      Map<String, Parameter> parameters = model.parameters();
      check(file, tensors, parameters);
      parameters.forEach((name, parameter) -> replace(parameter, tensors.get(name), model));
    }
  }

  private static void check(
      Path file, Map<String, NDArray> tensors, Map<String, Parameter> parameters)
      throws IOException {
    List<String> missing = new ArrayList<>();
    List<String> different = new ArrayList<>();
    for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
      NDArray tensor = tensors.get(entry.getKey());
      NDArray wanted = entry.getValue().getArray();
      if (tensor == null) {
        missing.add(entry.getKey());
      } else if (!tensor.getShape().equals(wanted.getShape())) {
        different.add(
            entry.getKey()
                + " "
                + Shapes.format(tensor.getShape())
                + " instead of "
                + Shapes.format(wanted.getShape()));
      }
    }
    List<String> unexpected =
        tensors.keySet().stream().filter(n -> !parameters.containsKey(n)).toList();
    if (!missing.isEmpty() || !unexpected.isEmpty() || !different.isEmpty()) {
      throw new IOException(
          file
              + " holds the weights of another config than config.json beside it:"
              + list(" missing", missing)
              + list(" unexpected", unexpected)
              + list(" of another shape", different));
    }
  }

  private static String list(String title, List<String> names) {
    if (names.isEmpty()) {
      return "";
    }
    String shown = String.join(", ", names.subList(0, Math.min(LISTED, names.size())));
    String more = names.size() > LISTED ? ", … " + (names.size() - LISTED) + " more" : "";
    return title + " (" + names.size() + "): " + shown + more + ";";
  }

  private static void replace(Parameter parameter, NDArray tensor, T3DModel model) {
    NDArray array =
        tensor.getDataType() == DataType.FLOAT32 ? tensor : tensor.toType(DataType.FLOAT32, false);
    array.attach(model.manager());
    // Parameter.setArray refuses a parameter whose shape is known, so the array comes as its start.
    parameter.close();
    parameter.setInitializer((manager, shape, type) -> array);
    parameter.initialize(model.manager(), DataType.FLOAT32);
  }
}

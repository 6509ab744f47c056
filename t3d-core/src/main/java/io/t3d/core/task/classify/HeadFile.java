package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The labels and shapes of a saved linear head: weight (L, D), bias (L), labels in metadata. */
final class HeadFile {
  private HeadFile() {}

  /**
   * Reads the labels and checks that weight and bias fit them.
   *
   * @throws IOException naming the file and what is wrong with it
   */
  static List<String> labels(Path file, Safetensors.Contents contents) throws IOException {
    String json = contents.metadata().get("labels");
    NDArray weight = contents.tensors().get("weight");
    NDArray bias = contents.tensors().get("bias");
    if (json == null || weight == null || bias == null) {
      throw new IOException(
          file + " is no classification head: it needs weight, bias and the labels as metadata");
    }
    List<String> labels;
    try {
      labels = List.of(new ObjectMapper().readValue(json, String[].class));
    } catch (JsonProcessingException e) {
      throw new IOException(file + ": the labels of its metadata are no JSON list: " + json, e);
    }
    Shape w = weight.getShape();
    if (labels.isEmpty()
        || w.dimension() != 2
        || w.get(0) != labels.size()
        || !bias.getShape().equals(new Shape(labels.size()))) {
      throw new IOException(
          file
              + ": weight "
              + w
              + " and bias "
              + bias.getShape()
              + " do not fit "
              + labels.size()
              + " labels");
    }
    return labels;
  }
}

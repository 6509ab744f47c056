package io.t3d.core.task.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.internal.Shapes;
import io.t3d.core.internal.weights.BertWeights;
import io.t3d.core.internal.weights.WeightFiles;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.nn.text.TransformerTextEncoder;
import io.t3d.core.task.internal.CtRateFindings;
import io.t3d.core.task.internal.Logistic;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.internal.HuggingFaceFolder;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A classifier of reports by a BERT or RoBERTa: the first token through a dense layer with tanh,
 * then one logit per finding, each a question of its own.
 *
 * <p>RadBERT with a head for CT-RATE's 18 findings (Yan et al. 2022, "RadBERT: Adapting
 * Transformer-based Language Models to Radiology"; Hamamci et al. 2024, arXiv 2403.17834, whose
 * {@code RadBertClassifier.pth} this reads), and HuggingFace's {@code …ForSequenceClassification}
 * of several labels, are of this form.
 *
 * <pre>{@code
 * try (BertLabeler labeler = BertLabeler.open(model.manager(), Path.of("models/radbert-ct-rate"))) {
 *   List<Map<String, Boolean>> findings = labeler.label(List.of("Left pleural effusion."));
 * }
 * }</pre>
 */
public final class BertLabeler implements ReportLabeler, AutoCloseable {
  private static final int AT_ONCE = 8;
  private static final double AFFIRMED = 0.5; // as in CT-RATE's code
  private static final ObjectMapper JSON = new ObjectMapper();

  private final NDManager manager;
  private final ReportTokenizer tokenizer;
  private final TransformerTextEncoder encoder;
  private final Head head;
  private final List<String> labels;

  /**
   * What follows the encoder.
   *
   * @param dense {@code (C, C)}
   * @param denseBias {@code (C)}
   * @param out {@code (K, C)}
   * @param outBias {@code (K)}
   */
  private record Head(NDArray dense, NDArray denseBias, NDArray out, NDArray outBias) {}

  private BertLabeler(
      NDManager manager,
      ReportTokenizer tokenizer,
      TransformerTextEncoder encoder,
      Head head,
      List<String> labels) {
    this.manager = manager;
    this.tokenizer = tokenizer;
    this.encoder = encoder;
    this.head = head;
    this.labels = labels;
  }

  /**
   * Opens a folder. Names of findings are, in this order: {@code labels.json}, a list of them;
   * {@code id2label} of {@code config.json}; those of CT-RATE where there are 18.
   *
   * @param owner the weights belong to a child of it
   * @param folder holds {@code config.json}, a tokenizer, and weights under HuggingFace's names for
   *     them, or in a single {@code .pth} or {@code .pt}
   * @throws IOException when a file is missing or damaged, or tensors are missing or have other
   *     shapes, which are named
   * @throws T3dException when the findings have no names, or exclude each other
   */
  public static BertLabeler open(NDManager owner, Path folder) throws IOException {
    TextConfig config = HuggingFaceFolder.sizes(folder);
    NDManager manager = owner.newSubManager();
    ReportTokenizer tokenizer = null;
    try (NDManager scope = manager.newSubManager()) {
      tokenizer = ReportTokenizer.fromPretrained(folder, config.maxLength());
      Map<String, NDArray> tensors = WeightFiles.read(scope, weights(folder)).tensors();
      Head head = head(tensors, config.hiddenSize(), folder);
      TransformerTextEncoder encoder = new TransformerTextEncoder(config);
      Shape one = new Shape(1, 1);
      encoder.initialize(manager, DataType.FLOAT32, one, one);
      Weights.load(encoder, BertWeights.toEncoder(tensors, folder.toString()), folder.toString());
      Stream.of(head.dense, head.denseBias, head.out, head.outBias)
          .forEach(array -> array.attach(manager));
      List<String> labels = labels(folder, (int) head.out.getShape().get(0));
      return new BertLabeler(manager, tokenizer, encoder, head, labels);
    } catch (IOException | RuntimeException e) {
      if (tokenizer != null) {
        tokenizer.close();
      }
      manager.close();
      throw e;
    }
  }

  /** The folder where it has weights under a usual name, else the one file of PyTorch in it. */
  private static Path weights(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    boolean usual =
        files.stream()
            .map(file -> file.getFileName().toString())
            .anyMatch(name -> name.startsWith("model.safetensors") || name.endsWith("_model.bin"));
    List<Path> ofTorch =
        files.stream().filter(file -> file.toString().matches(".*\\.(pth|pt)")).toList();
    return !usual && ofTorch.size() == 1 ? ofTorch.get(0) : folder;
  }

  private static Head head(Map<String, NDArray> tensors, int channels, Path folder)
      throws IOException {
    boolean inClassifier =
        tensors.keySet().stream().anyMatch(n -> n.endsWith("classifier.dense.weight"));
    String dense = inClassifier ? "classifier.dense" : "pooler.dense";
    String out = inClassifier ? "classifier.out_proj" : "classifier";
    List<String> wrong = new ArrayList<>();
    NDArray outWeight = find(tensors, out + ".weight", wrong, -1, channels);
    long findings = outWeight == null ? -1 : outWeight.getShape().get(0);
    NDArray denseWeight = find(tensors, dense + ".weight", wrong, channels, channels);
    NDArray denseBias = find(tensors, dense + ".bias", wrong, channels);
    NDArray outBias = find(tensors, out + ".bias", wrong, findings);
    if (!wrong.isEmpty()) {
      throw new IOException(
          folder + " holds no classifier of reports: " + String.join("; ", wrong));
    }
    return new Head(float32(denseWeight), float32(denseBias), float32(outWeight), float32(outBias));
  }

  private static NDArray float32(NDArray array) {
    return array.toType(DataType.FLOAT32, false);
  }

  /** The one tensor of a name, under any prefix; notes what is wrong with it. */
  private static NDArray find(
      Map<String, NDArray> tensors, String name, List<String> wrong, long... shape) {
    NDArray found =
        tensors.entrySet().stream()
            .filter(e -> e.getKey().equals(name) || e.getKey().endsWith("." + name))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse(null);
    if (found == null) {
      wrong.add(name + " is missing");
      return null;
    }
    long[] got = found.getShape().getShape();
    boolean fits =
        got.length == shape.length
            && IntStream.range(0, shape.length).allMatch(i -> shape[i] < 0 || shape[i] == got[i]);
    if (!fits) {
      wrong.add(
          name
              + " is "
              + Shapes.format(found.getShape())
              + " instead of "
              + Shapes.format(new Shape(shape)).replace("-1", "findings"));
    }
    return found;
  }

  private static List<String> labels(Path folder, int count) throws IOException {
    Path own = folder.resolve("labels.json");
    List<String> names = new ArrayList<>();
    if (Files.isRegularFile(own)) {
      JSON.readTree(PointerFiles.readText(own)).forEach(node -> names.add(node.asText()));
    } else {
      JsonNode config = JSON.readTree(PointerFiles.readText(folder.resolve("config.json")));
      if (config.path("problem_type").asText("").equals("single_label_classification")) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            folder + ": the labels exclude each other (problem_type), which findings do not");
      }
      JsonNode said = config.path("id2label");
      for (int i = 0; said.has(Integer.toString(i)); i++) {
        names.add(said.get(Integer.toString(i)).asText());
      }
      boolean numbers = names.stream().allMatch(name -> name.startsWith("LABEL_"));
      if (numbers || names.size() != count) {
        names.clear();
        if (count == CtRateFindings.names().size()) {
          names.addAll(CtRateFindings.names());
        }
      }
    }
    if (names.size() != count) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          folder
              + " tells "
              + names.size()
              + " names for "
              + count
              + " findings; put labels.json beside the weights, a list of names in the order of the"
              + " classifier");
    }
    return List.copyOf(names);
  }

  /** The findings' names, in the order of the classifier. */
  public List<String> labels() {
    return labels;
  }

  /**
   * The probability of each finding.
   *
   * @param reports B texts, none blank; of longer ones the beginning is read
   * @return {@code [B][K]}
   */
  public double[][] probabilities(List<String> reports) {
    double[][] out = new double[reports.size()][];
    for (int from = 0; from < out.length; from += AT_ONCE) {
      int to = Math.min(out.length, from + AT_ONCE);
      try (NoGrad constant = new NoGrad();
          NDManager scope = manager.newSubManager()) {
        NDArray first =
            encoder
                .encode(
                    new ParameterStore(scope, false),
                    tokenizer.encode(scope, reports.subList(from, to)),
                    false)
                .pooled(); // (b, C)
        NDArray dense =
            Linear.linear(Casts.toFloat32(first), head.dense, head.denseBias)
                .singletonOrThrow()
                .tanh();
        float[] logits =
            Linear.linear(dense, head.out, head.outBias)
                .singletonOrThrow()
                .toFloatArray(); // (b, K)
        for (int i = from; i < to; i++) {
          int at = (i - from) * labels.size();
          out[i] =
              IntStream.range(0, labels.size())
                  .mapToDouble(j -> Logistic.of(logits[at + j]))
                  .toArray();
        }
      }
    }
    return out;
  }

  /** Affirms what is as likely as not, or more. */
  @Override
  public List<Map<String, Boolean>> label(List<String> reports) {
    double[][] read = probabilities(reports.stream().filter(text -> !text.isBlank()).toList());
    List<Map<String, Boolean>> out = new ArrayList<>();
    int next = 0;
    for (String report : reports) {
      double[] own = report.isBlank() ? new double[labels.size()] : read[next++];
      Map<String, Boolean> findings = new LinkedHashMap<>();
      for (int j = 0; j < own.length; j++) {
        findings.put(labels.get(j), own[j] >= AFFIRMED);
      }
      out.add(findings);
    }
    return out;
  }

  /** Frees weights and tokenizer. */
  @Override
  public void close() {
    manager.close();
    tokenizer.close();
  }
}

package io.t3d.bench.kernel;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.kernel.TokenGather;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.losses.PrototypeConfig;
import io.t3d.losses.PrototypeLoss;
import io.t3d.losses.kernel.ClusterAssignment;
import io.t3d.losses.kernel.Sinkhorn;
import io.t3d.losses.kernel.TokenMatcher;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs a stage of the clustering for each line on standard input, for {@code
 * t3d-bench/compare-clustering}; its twin is {@code clustering.py}. Answers with one line of JSON:
 * seconds, and seconds of the calling thread's processor time.
 */
public final class Clustering {
  private static final PrototypeConfig CONFIG =
      PrototypeConfig.builder()
          .epsilon(0.05)
          .iterations(3)
          .temperature(0.1)
          .tokenWeight(1)
          .entropyWeight(0.1)
          .levels(PrototypeConfig.Levels.TOKEN)
          .build();

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Map<String, NDArray> tensors;

  private Clustering(Map<String, NDArray> tensors) {
    this.tensors = tensors;
  }

  /**
   * Runs until standard input ends. Lines are {@code STAGE time} or {@code STAGE save}.
   *
   * @param args path of the inputs, path for the outputs
   */
  public static void main(String[] args) throws IOException {
    try (NDManager manager = NDManager.newBaseManager();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      Clustering clustering = new Clustering(Safetensors.read(manager, Path.of(args[0])).tensors());
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ", -1);
        try (NDManager step = manager.newSubManager()) {
          long cpu = THREADS.getCurrentThreadCpuTime();
          long start = System.nanoTime();
          List<NDArray> results = clustering.run(words[0], step);
          double seconds = (System.nanoTime() - start) / 1e9;
          double cpuSeconds = (THREADS.getCurrentThreadCpuTime() - cpu) / 1e9;
          if (words[1].equals("save")) {
            save(results, Path.of(args[1]));
          }
          System.out.printf(
              Locale.ROOT, "{\"seconds\": %.6f, \"cpu\": %.6f}%n", seconds, cpuSeconds);
        }
      }
    }
  }

  private static void save(List<NDArray> results, Path file) throws IOException {
    Map<String, NDArray> named = new LinkedHashMap<>();
    results.forEach(r -> named.put(Integer.toString(named.size()), r));
    Safetensors.write(file, named, Map.of());
  }

  private List<NDArray> run(String stage, NDManager step) {
    return switch (stage) {
      case "sinkhorn" -> List.of(sinkhorn(get("similarities", step)));
      case "assign" -> assign(step);
      case "match" -> match(step);
      case "token-level" -> tokenLevel(step);
      case "gather" -> gather(get("tokens", step), get("probe", step), step);
      case "gather-whole" ->
          gather(whole(get("tokens", step)), get("probe", step).get("0:1"), step);
      default -> throw new IllegalArgumentException("No stage " + stage);
    };
  }

  private NDArray get(String name, NDManager step) {
    return Scopes.handle(tensors.get(name), step);
  }

  private static NDArray sinkhorn(NDArray similarities) {
    return Sinkhorn.best(CONFIG.epsilon(), CONFIG.iterations()).assign(similarities);
  }

  /** Assignments and usage; the shape of the features is (ΣB·N, E). */
  private List<NDArray> assign(NDManager step) {
    NDArray features = get("visual0", step).concat(get("visual1", step), 0);
    NDArray rows = features.reshape(-1, features.getShape().get(2));
    ClusterAssignment.Assigned assigned =
        ClusterAssignment.best(CONFIG.epsilon(), CONFIG.iterations())
            .assign(List.of(rows), get("prototypes", step));
    return List.of(assigned.assignments().get(0), assigned.usage());
  }

  private List<NDArray> match(NDManager step) {
    TokenMatcher.Match match = TokenMatcher.best().match(get("prototypes", step), grid(1), grid(0));
    return List.of(match.index(), match.mask());
  }

  /** All tokens as those of one volume. */
  private static NDArray whole(NDArray tokens) {
    return tokens.reshape(1, -1, tokens.getShape().get(2));
  }

  /** Tokens gathered around the prototypes in the place of sentences, and the gradients. */
  private List<NDArray> gather(NDArray tokens, NDArray probe, NDManager step) {
    NDArray queries = get("prototypes", step);
    List<NDArray> leaves = List.of(tokens, queries);
    leaves.forEach(x -> x.setRequiresGradient(true));
    NDArray gathered;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      gathered = TokenGather.gather(tokens, queries, CONFIG.temperature());
      collector.backward(gathered.mul(probe).sum());
    }
    return List.of(gathered, tokens.getGradient(), queries.getGradient());
  }

  /** Loss, usage, share of matched tokens, and the gradients. */
  private List<NDArray> tokenLevel(NDManager step) {
    List<NDArray> leaves =
        List.of(get("visual0", step), get("visual1", step), get("prototypes", step));
    // A handle of its own, so that no gradient is left in the inputs.
    leaves.forEach(x -> x.setRequiresGradient(true));
    LossTerms terms;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      terms = new PrototypeLoss(CONFIG).compute(views(leaves, step), leaves.get(2));
      collector.backward(terms.total());
    }
    List<NDArray> results =
        new ArrayList<>(
            List.of(
                terms.total(),
                terms.parts().get(PrototypeLoss.TOKEN_PROTOTYPE_USAGE),
                terms.parts().get(PrototypeLoss.MATCHED_TOKENS)));
    leaves.forEach(x -> results.add(x.getGradient()));
    return results;
  }

  private List<ViewFeatures> views(List<NDArray> leaves, NDManager step) {
    List<ViewFeatures> views = new ArrayList<>();
    for (int v = 0; v < 2; v++) {
      NDArray visual = leaves.get(v);
      long b = visual.getShape().get(0);
      NDArray pooled = step.ones(new Shape(b, visual.getShape().get(2)), DataType.FLOAT32);
      views.add(new ViewFeatures(View.Kind.GLOBAL, pooled, visual, grid(v)));
    }
    return views;
  }

  private TokenGrid grid(int view) {
    long[] size = tensors.get("grid").toLongArray();
    float[] rows = tensors.get("affines" + view).toFloatArray();
    List<Affine> affines = new ArrayList<>();
    for (int b = 0; b < rows.length / 12; b++) {
      double[] affine = new double[12];
      for (int i = 0; i < 12; i++) {
        affine[i] = rows[12 * b + i];
      }
      affines.add(Affine.of(affine));
    }
    return new TokenGrid((int) size[0], (int) size[1], (int) size[2], affines);
  }
}

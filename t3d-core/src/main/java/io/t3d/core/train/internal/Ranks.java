package io.t3d.core.train.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.model.SentenceFeatures;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.internal.Buckets;
import io.t3d.core.torch.distributed.internal.SyncedNorms;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.volume.Affine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The workers of a training, as its steps need them. Each has its part of a batch. The features of
 * all parts are gathered, each worker computes the loss of the whole batch from them and hands the
 * gradient of its own features on to its weights; the sum of all workers' gradients is that of one
 * worker with the whole batch.
 */
public final class Ranks {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int AFFINE = 12; // numbers in its three rows

  private final ProcessGroup group;
  private final boolean syncNorms;

  /**
   * The workers of a group.
   *
   * @param syncNorms whether batch norms see all workers' batches
   */
  public Ranks(ProcessGroup group, boolean syncNorms) {
    this.group = group;
    this.syncNorms = syncNorms;
  }

  /** Whether there are others. */
  public boolean several() {
    return group.size() > 1;
  }

  /** Whether this is rank 0, which counts what all compute alike. */
  public boolean first() {
    return group.rank() == 0;
  }

  /** The group. */
  public ProcessGroup group() {
    return group;
  }

  /** A seed of this worker's own, for what falls on its pairs; that of rank 0 as it is. */
  public int seed(int seed) {
    return seed ^ group.rank() * 0xC2B2AE35;
  }

  /** Runs a forward or backward pass of the model. */
  public <T> T inModel(Supplier<T> pass) {
    if (!several() || !syncNorms) {
      return pass.get();
    }
    try (SyncedNorms scope = SyncedNorms.open(group)) {
      return pass.get();
    }
  }

  /**
   * What a loss must know of the pairs of a whole batch.
   *
   * @param reports as the step sees them
   * @param fullReports as they were written
   * @param patientIds ids
   */
  public record Pairs(List<String> reports, List<String> fullReports, List<String> patientIds) {}

  /**
   * The pairs of the whole batch.
   *
   * @param own those of this worker
   */
  public Pairs all(Pairs own) {
    if (!several()) {
      return own;
    }
    try {
      String text =
          JSON.writeValueAsString(List.of(own.reports(), own.fullReports(), own.patientIds()));
      Pairs all = new Pairs(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
      for (String each : group.allGather(text)) {
        List<List<String>> lists = JSON.readValue(each, new TypeReference<>() {});
        requireAsMany(own.reports().size(), lists.get(0).size());
        all.reports().addAll(lists.get(0));
        all.fullReports().addAll(lists.get(1));
        all.patientIds().addAll(lists.get(2));
      }
      return all;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Texts of a batch do not become JSON and back", e);
    }
  }

  private static void requireAsMany(int own, int others) {
    if (own != others) {
      throw new IllegalStateException(
          "Each worker must have as many pairs of a batch, got " + own + " and " + others);
    }
  }

  /** The first of this worker's pairs in the whole batch. */
  public int firstOf(int pairs) {
    return group.rank() * pairs;
  }

  /**
   * The texts of this worker's pairs.
   *
   * @param whole those of the whole batch
   * @param pairs how many pairs this worker has
   */
  public Optional<ReportSentences> own(Optional<ReportSentences> whole, int pairs) {
    return several() ? whole.map(s -> s.ofPairs(firstOf(pairs), firstOf(pairs) + pairs)) : whole;
  }

  /**
   * The features of the whole batch.
   *
   * @param output of all pairs; its arrays are leaves
   * @param firstRows for each array of {@link Outputs#perPair}, where this worker's rows begin
   */
  public record Gathered(T3DOutput output, int[] firstRows) {
    /** Of one worker. */
    public static Gathered alone(T3DOutput output) {
      return new Gathered(output, new int[Outputs.perPair(output).size()]);
    }
  }

  /**
   * Gathers the features of all workers.
   *
   * @param own this worker's; stay as they are
   * @param owner of the result
   * @param whole the texts of all pairs
   */
  public Gathered gather(T3DOutput own, NDManager owner, Optional<ReportSentences> whole) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = owner.newSubManager()) {
      int pairs = (int) own.textEmbeddings().getShape().get(0);
      int[] texts = whole.map(s -> countsOf(s, pairs)).orElse(new int[0]);
      List<NDArray> arrays = Outputs.perPair(own);
      boolean last = whole.isPresent(); // the texts' embeddings stand last, of differing number
      NDList rows = new NDList();
      for (int i = 0; i < arrays.size(); i++) {
        NDArray array = arrays.get(i).stopGradient();
        array.attach(scope);
        boolean filledUp = last && i == arrays.size() - 1;
        rows.add((filledUp ? filled(array, max(texts)) : array).reshape(-1));
      }
      NDArray all = group.allGather(NDArrays.concat(rows)); // (R, n)
      List<NDArray> gathered = new ArrayList<>();
      long from = 0;
      for (int i = 0; i < arrays.size(); i++) {
        Shape shape = arrays.get(i).getShape();
        Shape rest = shape.slice(1);
        boolean filledUp = last && i == arrays.size() - 1;
        long to = from + (filledUp ? max(texts) : shape.get(0)) * rest.size();
        NDArray part = all.get(":, " + from + ":" + to);
        NDArray joined =
            filledUp
                ? withoutFilling(part, texts, rest)
                : part.reshape(new Shape(group.size() * shape.get(0)).addAll(rest));
        gathered.add(leaf(joined, owner));
        from = to;
      }
      int[] firstRows = new int[arrays.size()];
      Arrays.fill(firstRows, firstOf(pairs));
      if (last) {
        firstRows[firstRows.length - 1] = sum(texts, group.rank());
      }
      NDArray scale = leaf(own.logitScale().stopGradient(), owner);
      return new Gathered(output(own, gathered, affines(own, scope), whole, scale), firstRows);
    }
  }

  private static NDArray leaf(NDArray array, NDManager owner) {
    try (array) {
      NDArray leaf = GradientSlot.leaf(array);
      leaf.attach(owner);
      return leaf;
    }
  }

  private static T3DOutput output(
      T3DOutput own,
      List<NDArray> arrays,
      List<List<Affine>> affines,
      Optional<ReportSentences> whole,
      NDArray logitScale) {
    List<ViewFeatures> views = new ArrayList<>();
    int next = 0;
    for (int v = 0; v < own.views().size(); v++) {
      ViewFeatures view = own.views().get(v);
      TokenGrid g = view.grid();
      views.add(
          new ViewFeatures(
              view.kind(),
              arrays.get(next++),
              arrays.get(next++),
              new TokenGrid(g.depth(), g.height(), g.width(), affines.get(v))));
    }
    NDArray text = arrays.get(next++);
    int sentences = next;
    return new T3DOutput(
        views, text, whole.map(s -> new SentenceFeatures(arrays.get(sentences), s)), logitScale);
  }

  /** Where the tokens of all pairs lie, for each view; double precision, bit for bit. */
  private List<List<Affine>> affines(T3DOutput own, NDManager scope) {
    int views = own.views().size();
    int pairs = own.views().get(0).grid().affines().size();
    long[] bits = new long[views * pairs * AFFINE];
    int at = 0;
    for (ViewFeatures view : own.views()) {
      for (Affine affine : view.grid().affines()) {
        for (int i = 0; i < AFFINE; i++) {
          bits[at++] = Double.doubleToRawLongBits(affine.get(i / 4, i % 4));
        }
      }
    }
    long[] all = group.allGather(scope.create(bits)).toLongArray(); // (R, V, B, 12)
    List<List<Affine>> out = new ArrayList<>();
    for (int v = 0; v < views; v++) {
      List<Affine> ofView = new ArrayList<>();
      for (int r = 0; r < group.size(); r++) {
        for (int b = 0; b < pairs; b++) {
          double[] rows = new double[AFFINE];
          int from = ((r * views + v) * pairs + b) * AFFINE;
          for (int i = 0; i < AFFINE; i++) {
            rows[i] = Double.longBitsToDouble(all[from + i]);
          }
          ofView.add(Affine.of(rows));
        }
      }
      out.add(ofView);
    }
    return out;
  }

  /** How many of the texts belong to each worker's pairs. */
  private int[] countsOf(ReportSentences whole, int pairs) {
    int[] counts = new int[group.size()];
    whole.owners().forEach(owner -> counts[owner / pairs]++);
    return counts;
  }

  private static int max(int[] counts) {
    return Arrays.stream(counts).max().orElse(0);
  }

  private static int sum(int[] counts, int to) {
    return Arrays.stream(counts, 0, to).sum();
  }

  /** Rows of zeros up to a number. */
  private static NDArray filled(NDArray array, int rows) {
    Shape shape = array.getShape();
    long missing = rows - shape.get(0);
    if (missing == 0) {
      return array;
    }
    NDArray zeros =
        array
            .getManager()
            .zeros(new Shape(missing).addAll(shape.slice(1)), array.getDataType())
            .toDevice(array.getDevice(), false);
    return array.concat(zeros, 0);
  }

  /** {@code (R, rows · …)} to the first rows of each worker, one after another. */
  private NDArray withoutFilling(NDArray part, int[] counts, Shape rest) {
    NDArray rows = part.reshape(new Shape(group.size(), max(counts)).addAll(rest));
    NDList kept = new NDList();
    for (int r = 0; r < counts.length; r++) {
      if (counts[r] > 0) {
        kept.add(rows.get(r).get("0:" + counts[r]));
      }
    }
    return NDArrays.concat(kept, 0);
  }

  /**
   * One row of numbers for all workers: the mean, or that of rank 0 where all have computed the
   * same.
   *
   * @param row {@code (n)}, float32, without graph
   * @param mean whether each worker's is of its own pairs
   */
  public NDArray agreed(NDArray row, boolean mean) {
    if (!several()) {
      return row;
    }
    if (!mean) {
      group.broadcast(row, 0);
      return row;
    }
    group.allReduceSum(row);
    try (row) {
      return Scalars.divide(row, group.size());
    }
  }

  /** A share of a sum over all workers that is the mean of what each has. */
  public NDArray share(NDArray loss) {
    return several() ? Scalars.divide(loss, group.size()) : loss;
  }

  /**
   * Sums the gradients of all workers.
   *
   * @param scope for what travels
   * @param trained dotted name → parameter, the same in all workers
   * @param alike those whose gradient each worker has whole; they count once
   */
  public void sumGradients(
      NDManager scope, Map<String, Parameter> trained, Collection<Parameter> alike) {
    if (!several()) {
      return;
    }
    Set<NDArray> once = Collections.newSetFromMap(new IdentityHashMap<>());
    if (!first()) {
      alike.forEach(parameter -> once.add(parameter.getArray()));
    }
    try (NoGrad constant = new NoGrad()) {
      List<NDArray> weights = trained.values().stream().map(Parameter::getArray).toList();
      Buckets.sumGradients(group, scope, weights, weight -> !once.contains(weight));
    }
  }

  /** Gives all workers the mean of running statistics that each has taken from its own batch. */
  public void meanStatistics(NDManager scope, Map<String, Parameter> parameters) {
    if (!several() || syncNorms) {
      return;
    }
    List<NDArray> arrays = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          if (name.endsWith("running_mean") || name.endsWith("running_var")) {
            arrays.add(parameter.getArray());
          }
        });
    try (NoGrad constant = new NoGrad()) {
      Buckets.mean(group, scope, arrays);
    }
  }

  /** Gives all workers the arrays of rank 0. */
  public void broadcast(NDManager owner, List<NDArray> arrays) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = owner.newSubManager()) {
      Buckets.broadcast(group, scope, arrays);
    }
  }

  /**
   * What rank 0 says.
   *
   * @param owner for what travels
   */
  public boolean ofFirst(NDManager owner, boolean value) {
    if (!several()) {
      return value;
    }
    try (NDArray flag = owner.create(new long[] {value ? 1 : 0})) {
      group.broadcast(flag, 0);
      return flag.toLongArray()[0] != 0;
    }
  }

  /** What rank 0 says. */
  public String ofFirst(String value) {
    return group.allGather(first() ? value : "").get(0);
  }
}

package io.t3d.pipeline.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.internal.Shapes;
import io.t3d.core.internal.weights.WeightFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensors of published files, and which of them were taken or found missing. */
final class PublishedTensors {
  /** What distributed training and compilation put before all names. */
  private static final List<String> WRAPPERS = List.of("module.", "_orig_mod.");

  private final String source;
  private final NDManager owner;
  private final Map<String, NDArray> tensors;
  private final Map<String, String> origins;
  private final Set<String> taken = new LinkedHashSet<>();
  private final Set<String> missing = new TreeSet<>();

  private PublishedTensors(
      String source, NDManager owner, Map<String, NDArray> tensors, Map<String, String> origins) {
    this.source = source;
    this.owner = owner;
    this.tensors = tensors;
    this.origins = origins;
  }

  /** Reads files, whose names must differ from one to the other. */
  static PublishedTensors read(NDManager owner, List<Path> files) throws IOException {
    return read(owner, files, List.of());
  }

  /**
   * Reads files, whose names must differ from one to the other.
   *
   * @param kinds say what goes before the names of files that would clash
   */
  static PublishedTensors read(NDManager owner, List<Path> files, List<PublishedKind> kinds)
      throws IOException {
    Map<String, NDArray> all = new LinkedHashMap<>();
    Map<String, String> origins = new LinkedHashMap<>();
    for (Path file : files) {
      WeightFiles.Loaded loaded = WeightFiles.read(owner, file);
      String[] origin = loaded.origin().split(" sha256:", 2);
      origins.put(origin[0], origin[1]);
      Map<String, NDArray> own = unwrapped(loaded.tensors());
      String prefix =
          kinds.stream()
              .map(k -> k.prefixFor(own.keySet()))
              .filter(p -> !p.isEmpty())
              .findFirst()
              .orElse("");
      for (Map.Entry<String, NDArray> entry : own.entrySet()) {
        if (all.put(prefix + entry.getKey(), entry.getValue()) != null) {
          throw new T3dException(
              T3dException.Kind.INPUT,
              file + ": another file holds the tensor " + entry.getKey() + " too");
        }
      }
    }
    return new PublishedTensors(
        String.join(" ", files.stream().map(Path::toString).toList()), owner, all, origins);
  }

  /** Tensors at hand. */
  static PublishedTensors of(String source, NDManager owner, Map<String, NDArray> tensors) {
    return new PublishedTensors(source, owner, unwrapped(tensors), Map.of());
  }

  private static Map<String, NDArray> unwrapped(Map<String, NDArray> tensors) {
    Map<String, NDArray> out = tensors;
    for (String wrapper : WRAPPERS) {
      if (!out.isEmpty() && out.keySet().stream().allMatch(n -> n.startsWith(wrapper))) {
        Map<String, NDArray> shorter = new LinkedHashMap<>();
        out.forEach((name, array) -> shorter.put(name.substring(wrapper.length()), array));
        out = shorter;
      }
    }
    return out;
  }

  /** Who owns the tensors. */
  NDManager owner() {
    return owner;
  }

  /** What to call the files in an error. */
  String source() {
    return source;
  }

  /** Where the tensors come from: file → SHA-256. */
  Map<String, String> origins() {
    return origins;
  }

  /** All names. */
  Set<String> names() {
    return tensors.keySet();
  }

  /** Whether a tensor is there. */
  boolean has(String name) {
    return tensors.containsKey(name);
  }

  /**
   * The shape of a tensor.
   *
   * @param name of the tensor
   * @param rank its number of axes
   * @return its sizes; all 1 and noted as missing when it is not there or has another rank: {@link
   *     #requireFound} then fails
   */
  long[] shape(String name, int rank) {
    NDArray array = tensors.get(name);
    if (array == null || array.getShape().dimension() != rank) {
      missing.add(
          name
              + (array == null
                  ? ""
                  : " (with " + rank + " axes, got " + Shapes.format(array.getShape()) + ")"));
      long[] ones = new long[rank];
      Arrays.fill(ones, 1);
      return ones;
    }
    return array.getShape().getShape();
  }

  /** One size of a shape, as {@link #shape}. */
  int size(String name, int rank, int axis) {
    return Math.toIntExact(shape(name, rank)[axis]);
  }

  /**
   * How many numbers 0, 1, … have a tensor.
   *
   * @param pattern a regular expression of whole names whose first group is the number
   */
  int count(String pattern) {
    Pattern compiled = Pattern.compile(pattern);
    int count = 0;
    for (String name : tensors.keySet()) {
      Matcher matcher = compiled.matcher(name);
      if (matcher.matches()) {
        count = Math.max(count, 1 + Integer.parseInt(matcher.group(1)));
      }
    }
    return count;
  }

  /** A number that the file holds, e.g. a temperature, as {@link #take}; 0 when it is missing. */
  double number(String name) {
    NDArray array = take(name);
    return array.getShape().size() == 1
        ? array.toType(DataType.FLOAT32, false).toFloatArray()[0]
        : 0;
  }

  /** A tensor, which then counts as used; an empty one, noted as missing, when it is not there. */
  NDArray take(String name) {
    NDArray array = tensors.get(name);
    if (array == null) {
      missing.add(name);
      return owner.zeros(new Shape(0));
    }
    taken.add(name);
    return array;
  }

  /**
   * Fails when a tensor was missing so far.
   *
   * @param kind what the file was taken for
   */
  void requireFound(String kind) {
    if (!missing.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source + " is no checkpoint of " + kind + list(" missing", missing) + some());
    }
  }

  private String some() {
    return "; it holds " + names().stream().limit(5).toList();
  }

  /**
   * All weights of a model.
   *
   * @param kind what the file was taken for
   * @param map finds them
   * @param wanted name → shape
   * @return name → array
   * @throws T3dException that lists all tensors that are missing, misshapen or left over
   */
  Map<String, NDArray> weights(String kind, PublishedModel.NameMap map, Map<String, Shape> wanted) {
    Map<String, NDArray> out = new LinkedHashMap<>();
    List<String> misshapen = new ArrayList<>();
    for (Map.Entry<String, Shape> want : wanted.entrySet()) {
      int gone = missing.size();
      Set<String> before = new LinkedHashSet<>(taken);
      NDArray found = map.find(want.getKey(), this);
      if (missing.size() > gone) {
        continue;
      }
      if (!found.getShape().equals(want.getValue())) {
        Set<String> used = new LinkedHashSet<>(taken);
        used.removeAll(before);
        misshapen.add(
            String.join(" + ", used.isEmpty() ? List.of(want.getKey()) : used)
                + " "
                + Shapes.format(found.getShape())
                + " instead of "
                + Shapes.format(want.getValue()));
      }
      out.put(want.getKey(), found);
    }
    List<String> unexpected =
        tensors.keySet().stream().filter(n -> !taken.contains(n) && !map.leavesOut(n)).toList();
    if (!missing.isEmpty() || !misshapen.isEmpty() || !unexpected.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source
              + " is no checkpoint of "
              + kind
              + list(" missing", missing)
              + list(" of another shape", misshapen)
              + list(" unexpected", unexpected));
    }
    return out;
  }

  /** How many tensors nothing took. */
  int unused() {
    return tensors.size() - taken.size();
  }

  private static String list(String title, Collection<String> names) {
    return names.isEmpty()
        ? ""
        : ";" + title + " (" + names.size() + "): " + String.join(", ", names);
  }
}

package io.t3d.core.internal.weights;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the pickles that {@code torch.save} writes for a dictionary of tensors, and no others.
 *
 * <p>A pickle is a program for a stack machine that may call any Python function. This machine
 * knows the instructions for plain data and a few callables, all of which make data; it calls
 * nothing. Everything else ends with an error that names it.
 *
 * <p>Pickles hold no tensor values, but references to storages; see {@link TorchFile}.
 */
final class Unpickler {
  /** What stands for Python's {@code None}: the collections here take no null. */
  static final Object NONE = "None";

  private static final String ORDERED_DICT = "collections.OrderedDict";
  private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
  private static final String SIZE = "torch.Size";
  private static final String COUNTER = "collections.Counter"; // milestones of a scheduler
  private static final String DEVICE = "torch.device";

  /** What makes a NumPy number or array, e.g. of a best score; nothing needs its value. */
  private static final Set<String> NUMPY =
      Set.of(
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar",
          "numpy.core.multiarray._reconstruct",
          "numpy._core.multiarray._reconstruct",
          "numpy.dtype",
          "numpy.ndarray",
          "_codecs.encode");

  private static final Set<String> CALLABLES =
      Set.of(ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, SIZE, COUNTER, DEVICE);

  /** Constants that name a tensor's type; nothing needs them. */
  private static final Set<String> DTYPES =
      Set.of(
          "torch.float32",
          "torch.float64",
          "torch.float16",
          "torch.bfloat16",
          "torch.int64",
          "torch.int32",
          "torch.int16",
          "torch.int8",
          "torch.uint8",
          "torch.bool");

  private final String source;
  private final ByteBuffer in;
  private final Map<Integer, Object> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();
  private final Deque<List<Object>> marked = new ArrayDeque<>();
  private List<Object> stack = new ArrayList<>();

  /** A callable or type that the pickle names. */
  private record Global(String name) {}

  /**
   * Where a tensor's values are.
   *
   * @param key name of the storage in the file
   * @param type its elements
   * @param elements how many it holds
   */
  record Storage(String key, ElementType type, long elements) {}

  /**
   * A view of a storage; sizes, strides and offset in elements.
   *
   * @param storage where the values are
   * @param offset the first element
   * @param shape sizes
   * @param strides steps between neighbours along each axis
   */
  record TensorView(Storage storage, long offset, long[] shape, long[] strides) {}

  /**
   * Prepares reading.
   *
   * @param source what to call the file in errors
   * @param bytes begins with a pickle; reading stops behind it
   */
  Unpickler(String source, ByteBuffer bytes) {
    this.source = source;
    this.in = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads one pickle.
   *
   * @return maps, lists, {@code Long}, {@code Double}, {@code Boolean}, {@code String}, {@link
   *     #NONE}, {@link TensorView} and {@link Storage}
   * @throws IOException naming what is damaged or refused
   */
  Object read() throws IOException {
    try {
      while (true) {
        int opcode = in.get() & 0xff;
        if (opcode == '.') {
          return pop();
        }
        step(opcode);
      }
    } catch (BufferUnderflowException | IndexOutOfBoundsException | ClassCastException e) {
      throw new IOException(source + " holds a damaged pickle; is the file complete?", e);
    } catch (java.util.NoSuchElementException e) {
      throw new IOException(source + " holds a damaged pickle: a mark is missing", e);
    }
  }

  /** The storages that were named, by their key. */
  Map<String, Storage> storages() {
    return storages;
  }

  private void step(int opcode) throws IOException {
    switch (opcode) {
      case 0x80 -> in.get(); // PROTO: its instructions tell more than its number
      case 0x95 -> in.getLong(); // FRAME
      case '(' -> mark();
      case '}' -> push(new LinkedHashMap<>());
      case ']' -> push(new ArrayList<>());
      case ')' -> push(List.of());
      case 't' -> push(Collections.unmodifiableList(toMark()));
      case 0x85, 0x86, 0x87 -> push(tuple(opcode - 0x84));
      case 'N' -> push(NONE);
      case 0x88, 0x89 -> push(opcode == 0x88);
      case 'K' -> push((long) (in.get() & 0xff));
      case 'M' -> push((long) (in.getShort() & 0xffff));
      case 'J' -> push((long) in.getInt());
      case 0x8a -> push(longInteger());
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
      case 'X' -> push(text(in.getInt()));
      case 0x8c, 'C' -> push(text(in.get() & 0xff)); // bytes are wanted as little as NumPy's
      case 'B' -> push(text(in.getInt()));
      case 'q' -> memo.put(in.get() & 0xff, top());
      case 'r' -> memo.put(in.getInt(), top());
      case 0x94 -> memo.put(memo.size(), top());
      case 'h' -> push(recall(in.get() & 0xff));
      case 'j' -> push(recall(in.getInt()));
      case 'c' -> push(global(line(), line()));
      case 0x93 -> push(stackGlobal());
      case 'Q' -> push(storage((List<?>) pop()));
      case 'R' -> push(call((List<?>) pop(), (Global) pop()));
      case 'b' -> pop(); // BUILD: attributes of a dictionary, e.g. _metadata; not wanted
      case 's' -> setItems(tuple(2));
      case 'u' -> setItems(toMark());
      case 'a' -> append(List.of(pop()));
      case 'e' -> append(toMark());
      default ->
          throw refused(String.format("the pickle instruction 0x%02x", opcode), "plain tensors");
    }
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    return stack.remove(stack.size() - 1);
  }

  private Object top() {
    return stack.get(stack.size() - 1);
  }

  private void mark() {
    marked.push(stack);
    stack = new ArrayList<>();
  }

  private List<Object> toMark() {
    List<Object> items = stack;
    stack = marked.pop();
    return items;
  }

  private List<Object> tuple(int size) {
    List<Object> items = stack.subList(stack.size() - size, stack.size());
    List<Object> copy = List.copyOf(items);
    items.clear();
    return copy;
  }

  private Object recall(int key) throws IOException {
    Object value = memo.get(key);
    if (value == null) {
      throw new IOException(source + " holds a damaged pickle: it recalls what it never stored");
    }
    return value;
  }

  private String text(int length) {
    byte[] bytes = new byte[checkedLength(length)];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int checkedLength(int length) {
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    return length;
  }

  private String line() {
    int begin = in.position();
    while (in.get() != '\n') {
      // on to the end of the line
    }
    byte[] bytes = new byte[in.position() - 1 - begin];
    in.get(begin, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** LONG1; only the magic number of the old format is wider than 64 bits, and nobody needs it. */
  private Long longInteger() {
    byte[] bytes = new byte[checkedLength(in.get() & 0xff)];
    in.get(bytes);
    long value = 0;
    for (int i = Math.min(bytes.length, 8) - 1; i >= 0; i--) {
      value = i == bytes.length - 1 ? bytes[i] : (value << 8) | (bytes[i] & 0xff);
    }
    return value;
  }

  private Global stackGlobal() throws IOException {
    String name = (String) pop();
    return global((String) pop(), name);
  }

  private Global global(String module, String name) throws IOException {
    String full = module + "." + name;
    if (!CALLABLES.contains(full)
        && !DTYPES.contains(full)
        && !NUMPY.contains(full)
        && ElementType.ofStorage(full) == null) {
      throw refused(full, "a dictionary of tensors");
    }
    return new Global(full);
  }

  private IOException refused(String what, String wanted) {
    return new IOException(
        source
            + " asks Python for "
            + what
            + ", which is refused: only "
            + wanted
            + " is read, and nothing in a file is run. Save the weights alone in Python:"
            + " torch.save(model.state_dict(), FILE), or as safetensors");
  }

  /** A persistent id: {@code ('storage', type, key, device, elements[, view])}. */
  private Storage storage(List<?> id) throws IOException {
    if (id.size() < 5 || !id.get(0).equals("storage")) {
      throw new IOException(source + " holds a damaged pickle: " + id.size() + " parts name data");
    }
    ElementType type = ElementType.ofStorage(((Global) id.get(1)).name());
    if (type == null || (id.size() > 5 && !id.get(5).equals(NONE))) {
      throw refused("a storage of an unusual kind", "a dictionary of tensors");
    }
    Storage storage = new Storage((String) id.get(2), type, (Long) id.get(4));
    if (storage.elements() < 0 || storage.elements() > Long.MAX_VALUE / 8) {
      throw new IOException(source + " holds a damaged pickle: a storage of impossible size");
    }
    storages.put(storage.key(), storage);
    return storage;
  }

  private Object call(List<?> arguments, Global callable) throws IOException {
    if (NUMPY.contains(callable.name())) {
      return NONE;
    }
    return switch (callable.name()) {
      case ORDERED_DICT -> orderedDict(arguments);
      case REBUILD_TENSOR ->
          new TensorView(
              (Storage) arguments.get(0),
              (Long) arguments.get(1),
              longs((List<?>) arguments.get(2)),
              longs((List<?>) arguments.get(3)));
      case REBUILD_PARAMETER, SIZE, DEVICE -> arguments.get(0);
      case COUNTER -> arguments.isEmpty() ? new LinkedHashMap<>() : arguments.get(0);
      default -> throw refused("a call of " + callable.name(), "a dictionary of tensors");
    };
  }

  private static Map<Object, Object> orderedDict(List<?> arguments) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (Object pairs : arguments) {
      for (Object pair : (List<?>) pairs) {
        map.put(((List<?>) pair).get(0), ((List<?>) pair).get(1));
      }
    }
    return map;
  }

  private static long[] longs(List<?> values) {
    return values.stream().mapToLong(v -> (Long) v).toArray();
  }

  @SuppressWarnings("unchecked")
  private void setItems(List<Object> items) {
    Map<Object, Object> map = (Map<Object, Object>) top();
    for (int i = 0; i < items.size(); i += 2) {
      map.put(items.get(i), items.get(i + 1));
    }
  }

  @SuppressWarnings("unchecked")
  private void append(List<Object> items) {
    ((List<Object>) top()).addAll(items);
  }
}

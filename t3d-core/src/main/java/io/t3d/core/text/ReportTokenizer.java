package io.t3d.core.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.hash.Hashing;
import com.google.common.primitives.Longs;
import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.LongReports;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.internal.Uploads;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Converts reports to token ids with HuggingFace's tokenizers library; works offline.
 *
 * <p>Special tokens stand around every report ({@code [CLS] … [SEP]} for BERT); what is read of a
 * report that is too long, {@link LongReports} says; a batch is padded to its longest row.
 *
 * <p>Thread-safe. Close it to free the native tokenizer.
 */
public final class ReportTokenizer implements AutoCloseable {
  /** Name of the file in HuggingFace folders and T3D checkpoints. */
  public static final String FILE_NAME = "tokenizer.json";

  private static final String BUILTIN = "radiology-vocabulary.txt";
  private static final List<String> SPECIAL =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "<pad>", "</s>", "<unk>", "<mask>");

  private final HuggingFaceTokenizer tokenizer;
  private final String json;
  private final AddedTokens added;
  private final int vocabSize;
  private final long padId;
  private final long[] before; // ids that stand before every report
  private final long[] behind;
  private final Set<Long> specialIds;
  private final int maxLength;
  private final boolean cutsLeft;

  private ReportTokenizer(String json, int maxLength, String source) {
    this(new TokenizerFiles(json, source, OptionalInt.empty(), false), maxLength);
  }

  private ReportTokenizer(TokenizerFiles files, int maxLength) {
    if (maxLength < 2) {
      throw new IllegalArgumentException(
          "maxLength must be at least 2 (the special tokens), got " + maxLength);
    }
    JsonNode root = TokenizerFiles.parse(files.json(), files.source());
    this.json = files.json();
    this.maxLength = Math.min(maxLength, files.longest().orElse(maxLength));
    this.cutsLeft = files.cutsLeft();
    this.added = AddedTokens.of(root);
    this.vocabSize = added.size();
    this.specialIds =
        Stream.concat(
                SPECIAL.stream(),
                added.all().stream().filter(AddedToken::special).map(AddedToken::content))
            .filter(added::knows)
            .map(name -> (long) added.id(name).orElseThrow())
            .collect(Collectors.toUnmodifiableSet());
    JsonNode pad = root.path("padding").path("pad_token");
    this.padId =
        added.knows(pad.asText(""))
            ? added.id(pad.asText()).orElseThrow()
            : firstId("[PAD]", "<pad>");
    Map<String, String> options = Map.of("truncation", "false", "padding", "false");
    TorchEngine.withoutTelemetry();
    try (InputStream in = new ByteArrayInputStream(uncut(root).getBytes(StandardCharsets.UTF_8))) {
      tokenizer = HuggingFaceTokenizer.newInstance(in, options);
    } catch (IOException | RuntimeException | LinkageError e) {
      throw unreadable(files.source(), e);
    }
    Encoding sample = sample(root.path("model").path("vocab"));
    this.before = ofMask(sample, 0, 1);
    this.behind = ofMask(sample, sample.getIds().length - 1, -1);
    if (this.maxLength <= before.length + behind.length) {
      tokenizer.close();
      throw new T3dException(
          T3dException.Kind.USAGE,
          "maxLength must be more than the "
              + (before.length + behind.length)
              + " special tokens of "
              + files.source()
              + ", got "
              + this.maxLength);
    }
  }

  /** A text of which something is left between the special tokens. */
  private Encoding sample(JsonNode vocabulary) {
    Encoding found = tokenizer.encode("a", true, false);
    Iterator<String> pieces = vocabulary.fieldNames();
    while (Longs.indexOf(found.getSpecialTokenMask(), 0) < 0 && pieces.hasNext()) {
      found = tokenizer.encode(pieces.next(), true, false);
    }
    return found;
  }

  /** The tokenizer's JSON without limits: what is too long is cut here. */
  private static String uncut(JsonNode root) {
    ObjectNode copy = root.deepCopy();
    copy.putNull("truncation").putNull("padding");
    return copy.toString();
  }

  /** The special tokens at one end of a text, in their order. */
  private static long[] ofMask(Encoding sample, int from, int step) {
    long[] ids = sample.getIds();
    long[] mask = sample.getSpecialTokenMask();
    int i = from;
    while (i >= 0 && i < ids.length && mask[i] == 1) {
      i += step;
    }
    return step > 0 ? Arrays.copyOf(ids, i) : Arrays.copyOfRange(ids, i + 1, ids.length);
  }

  /** Names the token of padding in a {@code tokenizer.json}. */
  static void putPadding(ObjectNode root, String token, int id) {
    root.putObject("padding")
        .put("strategy", "BatchLongest")
        .put("direction", "Right")
        .putNull("pad_to_multiple_of")
        .put("pad_id", id)
        .put("pad_type_id", 0)
        .put("pad_token", token);
  }

  /** What is wrong when HuggingFace's library fails: its natives, or what it was given. */
  static T3dException unreadable(String source, Throwable e) {
    return TorchEngine.isOfNatives(e)
        ? TorchEngine.nativesFailed(
            "HuggingFace's tokenizers do not load",
            "put ai.djl.huggingface:tokenizers on the class path and keep ~/.djl.ai writable",
            e)
        : new T3dException(
            T3dException.Kind.INPUT,
            source + " is not a tokenizer that HuggingFace's library can read: " + e.getMessage(),
            e);
  }

  /** The built-in lower-case WordPiece vocabulary of radiology words. */
  public static ReportTokenizer builtin(int maxLength) {
    try (InputStream in = ReportTokenizer.class.getResourceAsStream(BUILTIN)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      List<String> tokens = text.lines().toList();
      return new ReportTokenizer(WordPieceVocabulary.toTokenizerJson(tokens), maxLength, BUILTIN);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the built-in vocabulary " + BUILTIN, e);
    }
  }

  /**
   * A vocabulary of the reports at hand: all their characters and their most frequent words.
   *
   * @param reports training reports; none of the test's
   * @param maxVocab entries at most
   * @param maxLength L at most
   */
  public static ReportTokenizer fromCorpus(Iterable<String> reports, int maxVocab, int maxLength) {
    List<String> tokens = WordPieceVocabulary.fromReports(reports, maxVocab);
    return new ReportTokenizer(
        WordPieceVocabulary.toTokenizerJson(tokens), maxLength, "the corpus");
  }

  /**
   * A pretrained tokenizer. The settings beside it ({@code tokenizer_config.json}, {@code
   * special_tokens_map.json}, {@code added_tokens.json}) mean what they mean in {@code
   * transformers}; docs/pretrained.md lists them.
   *
   * @param path a {@code tokenizer.json}, or a folder with one, with BERT's {@code vocab.txt}, or
   *     with RoBERTa's {@code vocab.json} and {@code merges.txt}
   * @param maxLength L at most; less where {@code model_max_length} is
   * @throws IOException when there is no such file
   * @throws T3dException when the file is not a tokenizer, or a setting is not supported
   */
  public static ReportTokenizer fromPretrained(Path path, int maxLength) throws IOException {
    return new ReportTokenizer(TokenizerFiles.read(path), maxLength);
  }

  /**
   * A tokenizer that {@link #save} wrote: the file as it is, whatever lies beside it.
   *
   * @param tokenizerJson the file
   * @param maxLength L at most
   * @throws IOException when there is no such file
   * @throws T3dException when the file is not a tokenizer
   */
  public static ReportTokenizer fromSaved(Path tokenizerJson, int maxLength) throws IOException {
    return new ReportTokenizer(
        PointerFiles.readText(tokenizerJson), maxLength, tokenizerJson.toString());
  }

  /**
   * The same, for a model that reads of long reports what its settings say: the file does not tell
   * which end is cut off.
   *
   * @param longReports of the model; {@link LongReports#TAIL} cuts off the beginning
   */
  public static ReportTokenizer fromSaved(
      Path tokenizerJson, int maxLength, Optional<LongReports> longReports) throws IOException {
    String json = PointerFiles.readText(tokenizerJson);
    boolean cutsLeft = longReports.filter(LongReports.TAIL::equals).isPresent();
    return new ReportTokenizer(
        new TokenizerFiles(json, tokenizerJson.toString(), OptionalInt.empty(), cutsLeft),
        maxLength);
  }

  /**
   * The tokenizer that a text encoder's settings name; {@code corpus} needs reports.
   *
   * @throws T3dException when the settings say {@code corpus}, or name what is no tokenizer
   * @throws UncheckedIOException when they name a file that is not there
   */
  public static ReportTokenizer of(TextConfig config) {
    return switch (config.tokenizer()) {
      case "builtin" -> builtin(config.maxLength());
      case "corpus" ->
          throw new T3dException(
              T3dException.Kind.USAGE,
              "TextConfig.tokenizer is \"corpus\": build it with"
                  + " ReportTokenizer.fromCorpus(reports, vocabSize, maxLength) and pass it to"
                  + " T3DModel.create");
      default -> {
        try {
          yield fromPretrained(Path.of(config.tokenizer()), config.maxLength());
        } catch (IOException e) {
          throw new UncheckedIOException("TextConfig.tokenizer: " + e.getMessage(), e);
        }
      }
    };
  }

  private long firstId(String... names) {
    return Arrays.stream(names)
        .filter(added::knows)
        .mapToLong(n -> added.id(n).orElseThrow())
        .findFirst()
        .orElse(0); // masked anyway: any valid row of the embedding does
  }

  /**
   * Encodes reports; longer ones are cut as {@link #usualCut} says.
   *
   * @param manager owns the arrays
   * @param reports B texts, none blank
   * @return ids and mask {@code (B, L)}, L the longest report's length
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public TokenBatch encode(NDManager manager, List<String> reports) {
    return encode(manager, reports, usualCut());
  }

  /**
   * Encodes reports.
   *
   * @param manager owns the arrays
   * @param reports B texts, none blank
   * @param longReports what is read of those that are too long
   * @return ids and mask {@code (W, L)}, L the longest row's length; W is B, or with {@link
   *     LongReports#SENTENCE_WINDOWS} the number of windows of all reports
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public TokenBatch encode(NDManager manager, List<String> reports, LongReports longReports) {
    List<long[]> rows = new ArrayList<>();
    List<Integer> windows = new ArrayList<>();
    LongReportReader reader = new LongReportReader(this::idsOf, room());
    for (int i = 0; i < reports.size(); i++) {
      requireText(reports.get(i), i);
      List<long[]> own = reader.rows(reports.get(i), longReports);
      own.forEach(body -> rows.add(Longs.concat(before, body, behind)));
      windows.add(own.size());
    }
    int length = rows.stream().mapToInt(r -> r.length).max().orElse(0);
    if (length == 0) {
      throw new IllegalArgumentException("reports must hold at least one report, got none");
    }
    long[] ids = new long[Math.multiplyExact(rows.size(), length)];
    long[] mask = new long[ids.length];
    Arrays.fill(ids, padId);
    for (int i = 0; i < rows.size(); i++) {
      long[] row = rows.get(i);
      System.arraycopy(row, 0, ids, i * length, row.length);
      Arrays.fill(mask, i * length, i * length + row.length, 1);
    }
    Shape shape = new Shape(2, rows.size(), length);
    long[] all = Longs.concat(ids, mask); // one copy to the device
    try (NDArray both = Uploads.longs(manager, manager.getDevice(), shape, all)) {
      return new TokenBatch(both.get(0), both.get(1), windows); // (W, L), which share its memory
    }
  }

  private static void requireText(String report, int index) {
    if (report == null || report.isBlank()) {
      throw new IllegalArgumentException(
          "reports[" + index + "] is blank; drop the pair or give it a text");
    }
  }

  /** Without the special tokens around. */
  private long[] idsOf(String text) {
    return tokenizer.encode(text, false, false).getIds();
  }

  /** Tokens of a report that fit between the special ones. */
  private int room() {
    return maxLength - before.length - behind.length;
  }

  /**
   * What is read of a report that is too long, unless a model's settings say it: the beginning, or
   * the end where the tokenizer's {@code truncation_side} is left.
   */
  public LongReports usualCut() {
    return cutsLeft ? LongReports.TAIL : LongReports.HEAD;
  }

  /** How many of some texts have more tokens than {@link #maxLength}. */
  public int countLong(Collection<String> texts) {
    return (int) texts.stream().filter(t -> idsOf(t).length > room()).count();
  }

  /**
   * The pieces of one report, special tokens among them: to see what the encoder sees. A report
   * that is too long is cut as {@link #usualCut} says.
   */
  public List<String> tokens(String report) {
    List<String> all = pieces(tokenizer.encode(report, true, false));
    int inner = all.size() - before.length - behind.length;
    int from = before.length + (cutsLeft ? Math.max(0, inner - room()) : 0);
    List<String> out = new ArrayList<>(all.subList(0, before.length));
    out.addAll(all.subList(from, from + Math.min(inner, room())));
    out.addAll(all.subList(all.size() - behind.length, all.size()));
    return List.copyOf(out);
  }

  /** An added token by its own spelling: the library gives what the normaliser left of it. */
  private List<String> pieces(Encoding encoding) {
    Map<Long, String> spelled = new HashMap<>();
    added.beyond().forEach((text, id) -> spelled.put((long) id, text));
    String[] pieces = encoding.getTokens();
    long[] ids = encoding.getIds();
    return IntStream.range(0, ids.length)
        .mapToObj(i -> spelled.getOrDefault(ids[i], pieces[i]))
        .toList();
  }

  /**
   * Ids to text, without special tokens; a lower-case vocabulary gives lower-case text.
   *
   * @param ids of this vocabulary; special tokens may be among them
   */
  public String decode(long[] ids) {
    return tokenizer.decode(ids, true);
  }

  /** The id that begins every report, {@code [CLS]} or {@code <s>}. */
  public long beginId() {
    return before.length > 0 ? before[0] : firstId("[CLS]", "<s>");
  }

  /** The id that ends every report, {@code [SEP]} or {@code </s>}. */
  public long endId() {
    return behind.length > 0 ? behind[behind.length - 1] : firstId("[SEP]", "</s>");
  }

  /** Whether the first word is taken for one behind a space. */
  public boolean addsPrefixSpace() {
    JsonNode splitter = TokenizerFiles.parse(json, FILE_NAME).path("pre_tokenizer");
    return splitter.path("add_prefix_space").asBoolean(false);
  }

  /** The special token of an id, if it is one. */
  public Optional<String> token(long id) {
    return added.all().stream()
        .filter(AddedToken::special)
        .map(AddedToken::content)
        .filter(t -> added.id(t).orElseThrow() == id)
        .findFirst();
  }

  /** The id of padding. */
  public long padId() {
    return padId;
  }

  /** Ids that stand for no text: begin, end, padding, unknown, mask. */
  public Set<Long> specialIds() {
    return specialIds;
  }

  /**
   * One more than the largest id, added tokens among them; {@code TextConfig.vocabSize} must be at
   * least this.
   */
  public int vocabSize() {
    return vocabSize;
  }

  /** Tokens that lie beyond the vocabulary: text → id. */
  public Map<String, Integer> addedTokens() {
    return added.beyond();
  }

  /** L at most: what was asked for, or less where the folder's {@code model_max_length} is. */
  public int maxLength() {
    return maxLength;
  }

  /** SHA-256 of its {@code tokenizer.json}: equal for tokenizers that cut alike. */
  public String checksum() {
    return Hashing.sha256().hashString(json, StandardCharsets.UTF_8).toString();
  }

  /** Writes a {@code tokenizer.json} that {@link #fromPretrained} and HuggingFace read. */
  public void save(Path tokenizerJson) throws IOException {
    AtomicFiles.writeText(tokenizerJson, json);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}

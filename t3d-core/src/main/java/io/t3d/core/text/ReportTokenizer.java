package io.t3d.core.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.hash.Hashing;
import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.torch.TorchEngine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reports to token ids, by HuggingFace's tokenizers library; works offline.
 *
 * <p>Special tokens stand around every report ({@code [CLS] … [SEP]} for BERT); a report that is
 * too long is cut before the last of them, and a batch is padded to its longest report.
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
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HuggingFaceTokenizer tokenizer;
  private final String json;
  private final int vocabSize;
  private final long padId;
  private final long[] aroundReports; // begin and end
  private final Set<Long> specialIds;
  private final int maxLength;

  private ReportTokenizer(String json, int maxLength, String source) {
    if (maxLength < 2) {
      throw new IllegalArgumentException(
          "maxLength must be at least 2 (the special tokens), got " + maxLength);
    }
    JsonNode vocab = vocabulary(json, source);
    this.json = json;
    this.maxLength = maxLength;
    this.vocabSize = vocab.size();
    this.padId = firstId(vocab, "[PAD]", "<pad>");
    this.aroundReports =
        new long[] {firstId(vocab, "[CLS]", "<s>"), firstId(vocab, "[SEP]", "</s>")};
    this.specialIds =
        SPECIAL.stream()
            .filter(vocab::has)
            .map(name -> vocab.get(name).asLong())
            .collect(Collectors.toUnmodifiableSet());
    Map<String, String> options =
        Map.of(
            "truncation",
            "true",
            "padding",
            "false",
            "maxLength",
            Integer.toString(maxLength),
            "modelMaxLength",
            Integer.toString(maxLength));
    TorchEngine.withoutTelemetry();
    try (InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))) {
      tokenizer = HuggingFaceTokenizer.newInstance(in, options);
    } catch (IOException | RuntimeException | LinkageError e) {
      throw unreadable(source, e);
    }
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
      return new ReportTokenizer(
          WordPieceVocabulary.toTokenizerJson(tokens, true), maxLength, BUILTIN);
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
        WordPieceVocabulary.toTokenizerJson(tokens, true), maxLength, "the corpus");
  }

  /**
   * A pretrained tokenizer.
   *
   * @param path a {@code tokenizer.json}, or a folder with one, with BERT's {@code vocab.txt}, or
   *     with RoBERTa's {@code vocab.json} and {@code merges.txt}
   * @param maxLength L at most
   * @throws IOException when there is no such file
   * @throws T3dException when the file is not a tokenizer
   */
  public static ReportTokenizer fromPretrained(Path path, int maxLength) throws IOException {
    Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
    Path vocab = path.resolve("vocab.txt");
    if (Files.exists(vocab) && !Files.exists(file)) {
      return fromVocabTxt(vocab, maxLength);
    }
    Path merges = path.resolve("merges.txt");
    if (Files.exists(merges) && !Files.exists(file)) {
      Path pieces = path.resolve("vocab.json");
      return new ReportTokenizer(
          ByteLevelVocabulary.toTokenizerJson(pieces, merges), maxLength, pieces.toString());
    }
    if (!Files.exists(file)) {
      throw new NoSuchFileException(
          path.toString(),
          null,
          "no tokenizer there; expected a tokenizer.json, or a folder with tokenizer.json,"
              + " vocab.txt, or vocab.json and merges.txt");
    }
    String json = Files.readString(file, StandardCharsets.UTF_8);
    return new ReportTokenizer(json, maxLength, file.toString());
  }

  /** The tokenizer that a text encoder's settings name; {@code corpus} needs reports. */
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

  private static ReportTokenizer fromVocabTxt(Path vocab, int maxLength) throws IOException {
    List<String> tokens = Files.readAllLines(vocab);
    for (String special : List.of("[UNK]", "[CLS]", "[SEP]")) {
      if (!tokens.contains(special)) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            vocab + " is not a BERT vocabulary: it has no line " + special);
      }
    }
    Path settings = vocab.resolveSibling("tokenizer_config.json");
    boolean lowerCase =
        !Files.exists(settings)
            || JSON.readTree(settings.toFile()).path("do_lower_case").asBoolean(true);
    return new ReportTokenizer(
        WordPieceVocabulary.toTokenizerJson(tokens, lowerCase), maxLength, vocab.toString());
  }

  private static JsonNode vocabulary(String json, String source) {
    try {
      JsonNode vocab = JSON.readTree(json).path("model").path("vocab");
      if (!vocab.isObject() || vocab.isEmpty()) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            source + " is not a tokenizer.json of a BERT family: it has no model.vocab object");
      }
      return vocab;
    } catch (JsonProcessingException e) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source + " is not valid JSON; is the file complete? " + e.getOriginalMessage(),
          e);
    }
  }

  private static long firstId(JsonNode vocab, String... names) {
    return Arrays.stream(names)
        .filter(vocab::has)
        .mapToLong(n -> vocab.get(n).asLong())
        .findFirst()
        .orElse(0); // masked anyway: any valid row of the embedding does
  }

  /**
   * Encodes reports.
   *
   * @param manager owns the arrays
   * @param reports B texts, none blank
   * @return ids and mask {@code (B, L)}, L the longest report's length
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public TokenBatch encode(NDManager manager, List<String> reports) {
    List<long[]> rows = new ArrayList<>();
    for (int i = 0; i < reports.size(); i++) {
      rows.add(ids(reports.get(i), i));
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
    Shape shape = new Shape(rows.size(), length);
    NDArray tokenIds = manager.create(ids, shape); // (B, L)
    return new TokenBatch(tokenIds, manager.create(mask, shape));
  }

  private long[] ids(String report, int index) {
    if (report == null || report.isBlank()) {
      throw new IllegalArgumentException(
          "reports[" + index + "] is blank; drop the pair or give it a text");
    }
    Encoding encoding = tokenizer.encode(report, true, false);
    return encoding.getIds();
  }

  /** The pieces of one report, special tokens among them: to see what the encoder sees. */
  public List<String> tokens(String report) {
    return List.of(tokenizer.encode(report, true, false).getTokens());
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
    return aroundReports[0];
  }

  /** The id that ends every report, {@code [SEP]} or {@code </s>}. */
  public long endId() {
    return aroundReports[1];
  }

  /** The id of padding. */
  public long padId() {
    return padId;
  }

  /** Ids that stand for no text: begin, end, padding, unknown, mask. */
  public Set<Long> specialIds() {
    return specialIds;
  }

  /** Number of entries; {@code TextConfig.vocabSize} must be at least this. */
  public int vocabSize() {
    return vocabSize;
  }

  /** L at most. */
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

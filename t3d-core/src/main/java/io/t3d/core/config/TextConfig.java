package io.t3d.core.config;

import com.google.common.base.CharMatcher;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a text encoder of the BERT family.
 *
 * @param tokenizer {@code builtin} (a small radiology vocabulary in the jar), {@code corpus} (built
 *     from the training reports), or a {@code tokenizer.json} or the folder that holds one
 * @param vocabSize rows of the token embedding; at least the tokenizer's vocabulary, added tokens
 *     among it
 * @param hiddenSize width of a token
 * @param layers transformer layers
 * @param heads attention heads A; divides the hidden size
 * @param mlpSize width of the feed-forward layer
 * @param maxLength L at most, special tokens among them; what becomes of longer reports, {@code
 *     longReports} says
 * @param positions rows of the position embedding
 * @param positionOffset first row in use: 0 for BERT, 2 for RoBERTa (padding id + 1)
 * @param tokenTypes rows of the token type embedding
 * @param dropout probability
 * @param layerNormEps added to the variance
 * @param pooling how tokens become one vector
 * @param longReports what is read of a report that is too long; left out, it is {@link
 *     LongReports#HEAD}
 * @param attentionWindow a token sees half as many tokens before it and behind it, as in Longformer
 *     (Beltagy et al. 2020) without global tokens; all of them when left out
 * @param wording how texts are reworded before the tokenizer; not at all when left out
 */
public record TextConfig(
    String tokenizer,
    int vocabSize,
    int hiddenSize,
    int layers,
    int heads,
    int mlpSize,
    int maxLength,
    int positions,
    int positionOffset,
    int tokenTypes,
    double dropout,
    double layerNormEps,
    Pooling pooling,
    @LeftOutWhenEmpty Optional<LongReports> longReports,
    @LeftOutWhenEmpty Optional<Integer> attentionWindow,
    @LeftOutWhenEmpty Optional<Wording> wording)
    implements TextEncoderConfig {
  /** How the report's tokens become one vector. */
  public enum Pooling {
    /** The first token. */
    CLS,
    /** The mean of all tokens that are not padding. */
    MEAN
  }

  /** How a text is reworded before the tokenizer sees it. */
  public enum Wording {
    /**
     * Lower case, words and runs of punctuation with one blank between them: NLTK's {@code
     * wordpunct_tokenize}, joined, as Merlin's reports were.
     */
    LOWER_WORD_PUNCT,
    /**
     * Without the characters {@code " ' ( )}, nothing in their place, as CT-CLIP's reports were;
     * typographic quotation marks stay.
     */
    NO_QUOTES_OR_PARENTHESES;

    private static final CharMatcher QUOTES_AND_PARENTHESES = CharMatcher.anyOf("\"'()");

    /** Python's word characters: letters, all kinds of numbers, and the underscore. */
    private static final Pattern PIECES =
        Pattern.compile("[\\p{L}\\p{N}_]+|[^\\p{L}\\p{N}_\\s]+", Pattern.UNICODE_CHARACTER_CLASS);

    /** The text in this wording. */
    public String apply(String text) {
      return switch (this) {
        case LOWER_WORD_PUNCT ->
            PIECES
                .matcher(text.toLowerCase(Locale.ROOT))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.joining(" "));
        case NO_QUOTES_OR_PARENTHESES -> QUOTES_AND_PARENTHESES.removeFrom(text);
      };
    }
  }

  /** What is read of a report that has more than {@code maxLength} tokens. */
  public enum LongReports {
    /** The beginning. */
    HEAD,
    /** The end. */
    TAIL,
    /**
     * A quarter from the beginning and the rest from the end. (Sun et al. 2019, "How to Fine-Tune
     * BERT for Text Classification?", section 5.3.1: 128 and 382 of 510)
     */
    HEAD_TAIL,
    /**
     * The section headed Impression, Conclusion, Summary or Opinion, then the rest from the
     * beginning; the beginning where there is no such section.
     */
    IMPRESSION_FIRST,
    /**
     * All: windows of whole sentences are encoded one by one, and the mean of their features is the
     * report's. A sentence that is too long alone is cut between tokens.
     */
    SENTENCE_WINDOWS
  }

  /** Checks sizes. */
  public TextConfig {
    Objects.requireNonNull(longReports, "TextConfig.longReports");
    Objects.requireNonNull(attentionWindow, "TextConfig.attentionWindow");
    Objects.requireNonNull(wording, "TextConfig.wording");
    attentionWindow.ifPresent(w -> Checks.inRange("TextConfig.attentionWindow", w, 2, 1 << 20));
    if (tokenizer == null || tokenizer.isBlank()) {
      throw new IllegalArgumentException(
          "TextConfig.tokenizer must be builtin, corpus or a path, got " + tokenizer);
    }
    Checks.positive("TextConfig.vocabSize", vocabSize);
    Checks.positive("TextConfig.layers", layers);
    Checks.positive("TextConfig.mlpSize", mlpSize);
    Checks.positive("TextConfig.tokenTypes", tokenTypes);
    Checks.divides("TextConfig.hiddenSize", hiddenSize, "heads", heads);
    Checks.inRange("TextConfig.dropout", dropout, 0, 0.99);
    Checks.positive("TextConfig.layerNormEps", layerNormEps);
    Checks.inRange("TextConfig.maxLength", maxLength, 2, positions - positionOffset);
  }

  /** BERT-base, the shape of RadBERT, BioClinicalBERT and PubMedBERT. */
  public static TextConfig bertBase() {
    return new TextConfig(
        "builtin",
        30522,
        768,
        12,
        12,
        3072,
        512,
        512,
        0,
        2,
        0.1,
        1e-12,
        Pooling.CLS,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Two narrow layers over the built-in vocabulary: trains in minutes on two cores. */
  public static TextConfig tiny() {
    return bertBase().toBuilder()
        .vocabSize(4096)
        .hiddenSize(128)
        .layers(2)
        .heads(4)
        .mlpSize(256)
        .maxLength(128)
        .positions(128)
        .pooling(Pooling.MEAN)
        .build();
  }

  /**
   * The same settings (dropout, pooling, longReports, maxLength as far as that of the other
   * reaches) with the tokenizer and all sizes of another encoder, so that its weights fit.
   */
  public TextConfig withSizesOf(TextConfig other) {
    int length = Math.min(maxLength, other.maxLength);
    Builder fitted = other.toBuilder().maxLength(length).dropout(dropout).pooling(pooling);
    fitted.longReports = longReports.isPresent() ? longReports : other.longReports;
    return fitted.build();
  }

  /** The same settings with another tokenizer and vocabulary size. */
  public TextConfig withTokenizer(String newTokenizer, int newVocabSize) {
    return toBuilder().tokenizer(newTokenizer).vocabSize(newVocabSize).build();
  }

  /** A builder that holds {@link #bertBase()}. */
  public static Builder builder() {
    return bertBase().toBuilder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings by name. */
  public static final class Builder {
    private @Nullable String tokenizer;
    private int vocabSize;
    private int hiddenSize;
    private int layers;
    private int heads;
    private int mlpSize;
    private int maxLength;
    private int positions;
    private int positionOffset;
    private int tokenTypes;
    private double dropout;
    private double layerNormEps;
    private Pooling pooling;
    private Optional<LongReports> longReports;
    private Optional<Integer> attentionWindow;
    private Optional<Wording> wording;

    private Builder(TextConfig from) {
      tokenizer = from.tokenizer;
      vocabSize = from.vocabSize;
      hiddenSize = from.hiddenSize;
      layers = from.layers;
      heads = from.heads;
      mlpSize = from.mlpSize;
      maxLength = from.maxLength;
      positions = from.positions;
      positionOffset = from.positionOffset;
      tokenTypes = from.tokenTypes;
      dropout = from.dropout;
      layerNormEps = from.layerNormEps;
      pooling = from.pooling;
      longReports = from.longReports;
      attentionWindow = from.attentionWindow;
      wording = from.wording;
    }

    /** See {@link TextConfig#tokenizer()}. */
    public Builder tokenizer(String value) {
      tokenizer = value;
      return this;
    }

    /** See {@link TextConfig#vocabSize()}. */
    public Builder vocabSize(int value) {
      vocabSize = value;
      return this;
    }

    /** See {@link TextConfig#hiddenSize()}. */
    public Builder hiddenSize(int value) {
      hiddenSize = value;
      return this;
    }

    /** See {@link TextConfig#layers()}. */
    public Builder layers(int value) {
      layers = value;
      return this;
    }

    /** See {@link TextConfig#heads()}. */
    public Builder heads(int value) {
      heads = value;
      return this;
    }

    /** See {@link TextConfig#mlpSize()}. */
    public Builder mlpSize(int value) {
      mlpSize = value;
      return this;
    }

    /** See {@link TextConfig#maxLength()}. */
    public Builder maxLength(int value) {
      maxLength = value;
      return this;
    }

    /** See {@link TextConfig#positions()}. */
    public Builder positions(int value) {
      positions = value;
      return this;
    }

    /** See {@link TextConfig#positionOffset()}. */
    public Builder positionOffset(int value) {
      positionOffset = value;
      return this;
    }

    /** See {@link TextConfig#tokenTypes()}. */
    public Builder tokenTypes(int value) {
      tokenTypes = value;
      return this;
    }

    /** See {@link TextConfig#dropout()}. */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** See {@link TextConfig#layerNormEps()}. */
    public Builder layerNormEps(double value) {
      layerNormEps = value;
      return this;
    }

    /** See {@link TextConfig#pooling()}. */
    public Builder pooling(Pooling value) {
      pooling = value;
      return this;
    }

    /** See {@link TextConfig#longReports()}. */
    public Builder longReports(LongReports value) {
      longReports = Optional.of(value);
      return this;
    }

    /** See {@link TextConfig#attentionWindow()}. */
    public Builder attentionWindow(int value) {
      attentionWindow = Optional.of(value);
      return this;
    }

    /** See {@link TextConfig#wording()}. */
    public Builder wording(Wording value) {
      wording = Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public TextConfig build() {
      return new TextConfig(
          tokenizer,
          vocabSize,
          hiddenSize,
          layers,
          heads,
          mlpSize,
          maxLength,
          positions,
          positionOffset,
          tokenTypes,
          dropout,
          layerNormEps,
          pooling,
          longReports,
          attentionWindow,
          wording);
    }
  }
}

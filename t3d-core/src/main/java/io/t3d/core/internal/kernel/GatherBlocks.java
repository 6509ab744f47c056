package io.t3d.core.internal.kernel;

import io.t3d.core.torch.internal.WrittenGradient;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The sums of {@link FusedTokenGathering} and their gradients, in blocks of tokens whose weights
 * stay in the processor's cache.
 *
 * <pre>{@code
 * k_n = p_n / (|p_n| · temperature)
 * w_tn = exp(⟨q_t, k_n⟩ - shift_t),  m_t = Σ_n w_tn,  y_t = Σ_n w_tn p_n / m_t
 *
 * with g_t = dL/dy_t / m_t:
 * d_tn = w_tn (⟨g_t, p_n⟩ - ⟨g_t, y_t⟩)
 * dq_t = Σ_n d_tn k_n
 * dk_n = Σ_t d_tn q_t
 * dp_n = Σ_t w_tn g_t + (dk_n without what points along p_n) / (|p_n| · temperature)
 * }</pre>
 *
 * <p>The forward pass keeps y, m, the shift, and the weights where that pays; else the backward
 * pass makes the weights of a block again. Of (T, N) numbers it reads and writes as little as it
 * can, besides the products: scaling and projecting is done on (N, E), and the shift is left out
 * where no exponential overflows. Temporaries belong to the caller's PointerScope.
 */
final class GatherBlocks implements WrittenGradient.Backward {
  /** Up to so many weights, half a MiB, one operation for all volumes is faster than blocks. */
  static final long SMALL = 1L << 17;

  /**
   * Weights of a block: half a MiB, or a MiB for wide tokens, whose products pack and write their
   * matrices once for each block.
   */
  private static final long BLOCK = 1L << 17;

  /**
   * From this width on a product costs more than to write its result to memory and read it again,
   * so that weights are better kept.
   */
  private static final long WIDE = 192;

  /** On a GPU there is less need to cut. */
  static final long GPU_BLOCK = 1L << 24;

  private static final long[] WITHIN_ROWS = {1};

  /** Sums of exponentials up to this, of both signs, are far from float32's limits, e^±87. */
  private static final double MILD = 40;

  /** As torch's {@code normalize}: a token of length 0 has cosines of 0. */
  private static final double SMALLEST_LENGTH = 1e-12;

  private final Tensor tokens; // (B, N, E)
  private final Tensor queries; // (T, E)
  private final Tensor inverse; // (B, N): 1 / length
  private final Tensor sums; // (B, T, E)
  private final Tensor mass; // (B, T, 1)
  private final Tensor shift; // (B, T, 1)
  private final Tensor kept; // w, block after block as (T, count); empty when made again
  private final Scalar temperature;
  private final boolean ofTokens;
  private final boolean ofQueries;
  private final boolean sharp; // whether the shift is needed
  private final long versions;
  private final long block;

  /**
   * Runs the forward pass, without autograd.
   *
   * @param ofTokens whether the backward pass is to give a gradient of tokens
   * @param ofQueries whether it is to give one of queries
   * @param keepUpTo so many weights B·T·N, or fewer, of wide tokens wait for the backward pass,
   *     which then need not make them again
   */
  GatherBlocks(
      Tensor tokens,
      Tensor queries,
      double temperature,
      boolean ofTokens,
      boolean ofQueries,
      long keepUpTo) {
    this.tokens = WrittenGradient.keep(tokens.detach().contiguous());
    this.queries = WrittenGradient.keep(queries.detach().contiguous());
    this.temperature = new Scalar(temperature).retainReference();
    this.ofTokens = ofTokens;
    this.ofQueries = ofQueries;
    long b = tokens.size(0);
    long t = queries.size(0);
    boolean wide = queries.size(1) >= WIDE;
    long most = tokens.is_cuda() ? GPU_BLOCK : wide ? 2 * BLOCK : BLOCK;
    block = Math.min(tokens.size(1), Math.max(16, most / t));
    Tensor length = lengths(this.tokens).clamp_min_(new Scalar(SMALLEST_LENGTH));
    inverse = WrittenGradient.keep(length.reciprocal_());
    sums = WrittenGradient.keep(queries.new_zeros(b, t, queries.size(1)));
    mass = WrittenGradient.keep(queries.new_zeros(b, t, 1));
    shift = WrittenGradient.keep(queries.new_zeros(b, t, 1));
    sharp = tokens.is_cuda() || !(longest(this.queries) / temperature <= MILD);
    long weights = b * t * tokens.size(1);
    boolean keep = !sharp && wide && (ofTokens || ofQueries) && weights <= keepUpTo;
    kept = WrittenGradient.keep(queries.new_empty(keep ? weights : 0));
    versions = versions();
    forward();
  }

  /** Waits for a device: on a GPU the shift costs less. */
  private static double longest(Tensor x) {
    return lengths(x).max().item_float();
  }

  private static Tensor lengths(Tensor x) {
    ScalarTypeOptional same = new ScalarTypeOptional();
    return torch.linalg_vector_norm(x, new Scalar(2.0), new long[] {-1}, false, same);
  }

  /** Grows when tokens or queries are changed in place. */
  private long versions() {
    return tokens._version() + queries._version();
  }

  /** Σ_n α_btn p_bn, {@code (B, T, E)}. */
  Tensor sums() {
    return sums;
  }

  private void forward() {
    Tensor scale = inverse.div(temperature).unsqueeze(2); // (B, N, 1)
    Tensor buffer = queries.new_empty(isKept() ? 0 : queries.size(0) * block);
    for (long b = 0; b < tokens.size(0); b++) {
      for (long from = 0; from < tokens.size(1); from += block) {
        try (PointerScope scope = new PointerScope()) {
          long count = Math.min(block, tokens.size(1) - from);
          Tensor p = tokens.select(0, b).narrow(0, from, count); // (count, E)
          Tensor keys = p.mul(scale.select(0, b).narrow(0, from, count));
          Tensor w = isKept() ? kept(b, from, count) : matrix(buffer, 0, queries.size(0), count);
          torch.mm_out(w, queries, keys.t());
          add(w, p, b, from == 0);
        }
      }
    }
    sums.div_(mass);
  }

  /** Adds a block of tokens to the sums of a volume. */
  private void add(Tensor logits, Tensor p, long b, boolean first) {
    Tensor m = mass.select(0, b);
    Tensor sum = sums.select(0, b);
    if (sharp) { // a running maximum: what was summed up is scaled down when it grows
      Tensor before = shift.select(0, b);
      Tensor block = logits.amax(WITHIN_ROWS, true);
      Tensor now = first ? block : torch.maximum(before, block);
      Tensor shrink = before.sub_(now).clamp_max_(new Scalar(0.0)).exp_();
      m.mul_(shrink);
      sum.mul_(shrink);
      before.copy_(now);
      logits.sub_(now);
    }
    logits.exp_();
    m.add_(logits.sum(WITHIN_ROWS, true, new ScalarTypeOptional()));
    sum.addmm_(logits, p);
  }

  private boolean isKept() {
    return kept.numel() > 0;
  }

  /** The weights of the tokens from .. from + count of a volume, {@code (T, count)}. */
  private Tensor kept(long b, long from, long count) {
    long t = queries.size(0);
    return matrix(kept, (b * tokens.size(1) + from) * t, t, count);
  }

  private static Tensor matrix(Tensor buffer, long start, long rows, long columns) {
    return buffer.narrow(0, start, rows * columns).view(rows, columns);
  }

  @Override
  public List<Tensor> run(Tensor gradient) {
    if (versions() != versions) {
      throw new IllegalStateException(
          "tokens or queries were changed in place before the backward pass of"
              + " TokenGathering: change a duplicate()");
    }
    Tensor dTokens = ofTokens ? tokens.new_empty(tokens.shape()) : tokens.new_empty(0);
    Tensor dQueries = queries.new_zeros(queries.shape());
    Tensor scale = inverse.div(temperature).unsqueeze(2); // (B, N, 1)
    Tensor buffer = queries.new_empty(2 * queries.size(0) * block);
    for (long b = 0; b < tokens.size(0); b++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor g = gradient.select(0, b).div(mass.select(0, b));
        new Volume(b, g, scale.select(0, b), buffer).backward(dTokens, dQueries);
      }
    }
    List<Tensor> gradients = new ArrayList<>();
    if (ofTokens) {
      gradients.add(dTokens);
    }
    if (ofQueries) {
      gradients.add(dQueries);
    }
    return gradients;
  }

  /** The backward pass of one volume. */
  private final class Volume {
    private final long b;
    private final Tensor g; // (T, E)
    private final Tensor mean; // (T, 1): ⟨g, y⟩
    private final Tensor scale; // (N, 1)
    private final Tensor buffer;
    private final Scalar minusOne = new Scalar(-1.0);
    private final ScalarTypeOptional same = new ScalarTypeOptional();

    Volume(long b, Tensor g, Tensor scale, Tensor buffer) {
      this.b = b;
      this.g = g;
      this.scale = scale;
      this.buffer = buffer;
      mean = g.mul(sums.select(0, b)).sum(WITHIN_ROWS, true, same);
    }

    /** Made again, {@code (T, count)}, in the first half of the buffer. */
    private Tensor weights(Tensor keys) {
      Tensor w = matrix(buffer, 0, queries.size(0), keys.size(0));
      torch.mm_out(w, queries, keys.t());
      if (sharp) {
        w.sub_(shift.select(0, b));
      }
      return w.exp_();
    }

    void backward(Tensor dTokens, Tensor dQueries) {
      long t = queries.size(0);
      for (long from = 0; from < tokens.size(1); from += block) {
        try (PointerScope scope = new PointerScope()) {
          long count = Math.min(block, tokens.size(1) - from);
          Tensor p = tokens.select(0, b).narrow(0, from, count); // (count, E)
          Tensor by = scale.narrow(0, from, count);
          Tensor keys = p.mul(by);
          Tensor w = isKept() ? kept(b, from, count) : weights(keys);
          Tensor d = matrix(buffer, t * block, t, count);
          torch.mm_out(d, g, p.t());
          d.sub_(mean).mul_(w);
          if (ofQueries) {
            dQueries.addmm_(d, keys);
          }
          if (ofTokens) {
            Tensor out = dTokens.select(0, b).narrow(0, from, count);
            torch.mm_out(out, d.t(), queries); // dk
            Tensor inv = inverse.select(0, b).narrow(0, from, count).unsqueeze(1);
            Tensor along = out.mul(p).sum(WITHIN_ROWS, true, same); // (count, 1)
            out.addcmul_(p, along.mul_(inv).mul_(inv), minusOne);
            out.mul_(by).addmm_(w.t(), g);
          }
        }
      }
    }
  }

  @Override
  public void close() {
    for (Tensor kept : List.of(tokens, queries, inverse, sums, mass, shift, kept)) {
      kept.deallocate();
    }
    temperature.deallocate();
  }
}

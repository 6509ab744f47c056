package io.t3d.core.torch;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The sums of {@link TokenGather} and their gradients, in blocks of tokens whose weights stay in
 * the processor's cache.
 *
 * <pre>{@code
 * s_btn = ⟨q_t, p_bn⟩ / (|p_bn| · temperature),  α = softmax over n of s,  y_bt = Σ_n α_btn p_bn
 *
 * with g = dL/dy:
 * ds_btn = α_btn (⟨g_bt, p_bn⟩ - ⟨g_bt, y_bt⟩)
 * dq_t   = Σ_bn ds_btn / (|p_bn| · temperature) p_bn
 * dp_bn  = Σ_t α_btn g_bt + Σ_t ds_btn / (|p_bn| · temperature) q_t - (Σ_t ds_btn s_btn) p_bn / |p_bn|²
 * }</pre>
 *
 * <p>The forward pass keeps y and the logarithm of softmax's denominator; the backward pass makes
 * the weights of a block again from them. Its first product has both ⟨g, p⟩ and ⟨q, p⟩, its last
 * both sums over t. Temporaries belong to the caller's PointerScope.
 */
final class GatherBlocks implements WrittenGradient.Backward {
  /** Weights of a block: half a MiB, since the backward pass has three such matrices. */
  static final long BLOCK = 1L << 17;

  /** On a GPU there is less need to cut. */
  private static final long GPU_BLOCK = 1L << 24;

  private static final long[] WITHIN_ROWS = {1};

  /** As torch's {@code normalize}: a token of length 0 has cosines of 0. */
  private static final double SMALLEST_LENGTH = 1e-12;

  private final Tensor tokens; // (B, N, E)
  private final Tensor queries; // (T, E)
  private final Tensor inverse; // (B, N): 1 / length
  private final Tensor sums; // (B, T, E)
  private final Tensor logMass; // (B, T, 1): log of softmax's denominator
  private final Scalar temperature;
  private final boolean ofTokens;
  private final boolean ofQueries;
  private final long versions;
  private final long block;

  /**
   * Runs the forward pass, without autograd.
   *
   * @param ofTokens whether the backward pass is to give a gradient of tokens
   * @param ofQueries whether it is to give one of queries
   */
  GatherBlocks(
      Tensor tokens, Tensor queries, double temperature, boolean ofTokens, boolean ofQueries) {
    this.tokens = WrittenGradient.keep(tokens.detach().contiguous());
    this.queries = WrittenGradient.keep(queries.detach().contiguous());
    this.temperature = new Scalar(temperature).retainReference();
    this.ofTokens = ofTokens;
    this.ofQueries = ofQueries;
    long b = tokens.size(0);
    long t = queries.size(0);
    long most = tokens.is_cuda() ? GPU_BLOCK : BLOCK;
    block = Math.min(tokens.size(1), Math.max(16, most / t));
    inverse = WrittenGradient.keep(lengths(this.tokens).reciprocal_());
    sums = WrittenGradient.keep(queries.new_zeros(b, t, queries.size(1)));
    logMass = WrittenGradient.keep(queries.new_empty(b, t, 1));
    versions = versions();
    forward();
  }

  private static Tensor lengths(Tensor x) {
    Tensor length =
        torch.linalg_vector_norm(
            x, new Scalar(2.0), new long[] {2}, false, new ScalarTypeOptional());
    return length.clamp_min_(new Scalar(SMALLEST_LENGTH));
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
    Tensor scale = inverse.div(temperature); // (B, N)
    Tensor buffer = queries.new_empty(queries.size(0) * block);
    for (long b = 0; b < tokens.size(0); b++) {
      try (PointerScope scope = new PointerScope()) {
        forward(tokens.select(0, b), scale.select(0, b), buffer, sums.select(0, b))
            .copyTo(logMass.select(0, b));
      }
    }
  }

  /** What the softmax of a volume has come to. */
  private record Softmax(Tensor largest, Tensor mass) {
    void copyTo(Tensor logMass) {
      logMass.copy_(mass.log_().add_(largest));
    }
  }

  /** Softmax with a running maximum: what was summed up is scaled down when it grows. */
  private Softmax forward(Tensor x, Tensor scale, Tensor buffer, Tensor sum) {
    long t = queries.size(0);
    ScalarTypeOptional same = new ScalarTypeOptional();
    Tensor mass = queries.new_zeros(t, 1);
    Tensor largest = queries.new_full(new long[] {t, 1}, new Scalar(Double.NEGATIVE_INFINITY));
    for (long from = 0; from < x.size(0); from += block) {
      try (PointerScope scope = new PointerScope()) {
        long count = Math.min(block, x.size(0) - from);
        Tensor part = x.narrow(0, from, count); // (count, E)
        Tensor w = matrix(buffer, 0, t, count);
        torch.mm_out(w, queries, part.t());
        w.mul_(scale.narrow(0, from, count));
        Tensor now = torch.maximum(largest, w.amax(WITHIN_ROWS, true));
        Tensor shrink = largest.sub_(now).exp_();
        w.sub_(now).exp_();
        mass.mul_(shrink).add_(w.sum(WITHIN_ROWS, true, same));
        sum.mul_(shrink).addmm_(w, part);
        largest.copy_(now);
      }
    }
    sum.div_(mass);
    return new Softmax(largest, mass);
  }

  private static Tensor matrix(Tensor buffer, long start, long rows, long columns) {
    return buffer.narrow(0, start, rows * columns).view(rows, columns);
  }

  @Override
  public List<Tensor> run(Tensor gradient) {
    if (versions() != versions) {
      throw new IllegalStateException(
          "tokens or queries were changed in place before the backward pass of"
              + " TokenGather.gather: change a duplicate()");
    }
    Tensor dTokens = ofTokens ? tokens.new_empty(tokens.shape()) : tokens.new_empty(0);
    Tensor dQueries = queries.new_zeros(queries.shape());
    Tensor scale = inverse.div(temperature); // (B, N)
    Tensor buffer = queries.new_empty(3 * queries.size(0) * block);
    for (long b = 0; b < tokens.size(0); b++) {
      try (PointerScope scope = new PointerScope()) {
        new Volume(b, gradient.select(0, b), scale.select(0, b), buffer)
            .backward(dTokens, dQueries);
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
    private final long t = queries.size(0);
    private final Tensor scale; // (N)
    private final Tensor buffer;
    private final Tensor both; // (2T, E): g, q
    private final Tensor mean; // (T, 1): ⟨g, y⟩
    private final Scalar minusOne = new Scalar(-1.0);

    Volume(long b, Tensor gradient, Tensor scale, Tensor buffer) {
      this.b = b;
      this.scale = scale;
      this.buffer = buffer;
      both = torch.cat(new TensorVector(gradient, queries), 0);
      Tensor products = gradient.mul(sums.select(0, b));
      mean = products.sum(WITHIN_ROWS, true, new ScalarTypeOptional());
    }

    void backward(Tensor dTokens, Tensor dQueries) {
      for (long from = 0; from < tokens.size(1); from += block) {
        try (PointerScope scope = new PointerScope()) {
          backward(from, Math.min(block, tokens.size(1) - from), dTokens, dQueries);
        }
      }
    }

    private void backward(long from, long count, Tensor dTokens, Tensor dQueries) {
      Tensor part = tokens.select(0, b).narrow(0, from, count); // (count, E)
      Tensor by = scale.narrow(0, from, count);
      Tensor pair = matrix(buffer, 0, 2 * t, count);
      Tensor first = pair.narrow(0, 0, t);
      Tensor second = pair.narrow(0, t, t);
      Tensor weights = matrix(buffer, 2 * t * block, t, count);
      torch.mm_out(pair, both, part.t()); // ⟨g, p⟩, ⟨q, p⟩
      second.mul_(by); // s
      torch.sub_out(weights, second, logMass.select(0, b));
      weights.exp_(); // α
      first.sub_(mean).mul_(weights); // ds
      if (ofTokens) {
        Tensor along = first.mul(second).sum(0L); // (count): Σ ds s
        torch.mul_out(second, first, by);
        addToQueries(dQueries, second, part);
        first.copy_(weights);
        Tensor out = dTokens.select(0, b).narrow(0, from, count);
        torch.mm_out(out, pair.t(), both);
        Tensor shorter = inverse.select(0, b).narrow(0, from, count);
        out.addcmul_(part, along.mul_(shorter).mul_(shorter).unsqueeze(1), minusOne);
      } else {
        addToQueries(dQueries, first.mul_(by), part);
      }
    }

    private void addToQueries(Tensor dQueries, Tensor weights, Tensor part) {
      if (ofQueries) {
        dQueries.addmm_(weights, part);
      }
    }
  }

  @Override
  public void close() {
    for (Tensor kept : List.of(tokens, queries, inverse, sums, logMass)) {
      kept.deallocate();
    }
    temperature.deallocate();
  }
}

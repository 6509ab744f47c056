package io.t3d.core.nn.internal.segment;

import ai.djl.nn.Block;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.internal.Chain;
import io.t3d.core.nn.vision.Vit3d;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of UNETR on a {@link Vit3d}: tokens of evenly spaced layers grow by transposed
 * convolutions to the sizes of a U-Net's levels and are its skips; the last layer is its bottom and
 * the views themselves are its top.
 *
 * <p>Hatamizadeh et al. 2022, "UNETR: Transformers for 3D Medical Image Segmentation". Differs: one
 * level per factor of the patch, so that any patch fits (16³ has the paper's four levels, 8³ three;
 * of an anisotropic patch the longer axes grow first), and plain convolutions where MONAI's has
 * residual blocks.
 */
public final class UnetrDecoder3d extends SkipDecoder3d {
  private final Vit3dConfig encoder;
  private final List<Integer> layers = new ArrayList<>(); // the skip's layer per level but the last

  /**
   * Builds the decoder; weights come with {@code initialize}.
   *
   * @param encoder settings of the encoder
   * @param config widths
   * @param classes K, background included
   */
  public UnetrDecoder3d(Vit3dConfig encoder, DecoderConfig config, int classes) {
    this.encoder = encoder;
    List<Size3> factors = factors(encoder.patch());
    for (int i = 0; i < factors.size(); i++) {
      int channels = config.channelsOf(factors.size() - 1 - i);
      boolean last = i == factors.size() - 1;
      Block skip = last ? new ConvUnit3d(channels) : growth(factors.subList(0, i + 1), channels);
      addLevel(new UpLevel3d(factors.get(i), channels, skip));
      if (!last) {
        double share = (factors.size() - 1.0 - i) / factors.size();
        layers.add((int) Math.max(1, Math.round(encoder.layers() * share)));
      }
    }
    addHead(classes);
  }

  private static Block growth(List<Size3> factors, int channels) {
    List<Block> steps = new ArrayList<>();
    for (Size3 factor : factors) {
      steps.add(new Deconv3d(channels, factor));
      steps.add(new ConvUnit3d(channels));
    }
    return new Chain(steps);
  }

  /** The patch as a product of steps, from tokens to voxels; a patch of one voxel is one step. */
  static List<Size3> factors(Size3 patch) {
    List<List<Integer>> perAxis =
        List.of(primes(patch.depth()), primes(patch.height()), primes(patch.width()));
    int steps = Math.max(1, perAxis.stream().mapToInt(List::size).max().orElseThrow());
    List<Size3> out = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      int[] f = new int[3];
      for (int axis = 0; axis < 3; axis++) {
        List<Integer> primes = perAxis.get(axis);
        int at = i - (steps - primes.size()); // axes of fewer steps start later
        f[axis] = at < 0 ? 1 : primes.get(at);
      }
      out.add(new Size3(f[0], f[1], f[2]));
    }
    return out;
  }

  private static List<Integer> primes(int n) {
    List<Integer> out = new ArrayList<>();
    int rest = n;
    for (int p = 2; rest > 1; p++) {
      for (; rest % p == 0; rest /= p) {
        out.add(0, p); // large ones first: the finer levels then double
      }
    }
    return out;
  }

  @Override
  public Size3 multiple() {
    return encoder.patch();
  }

  @Override
  int mapCount() {
    return encoder.layers();
  }

  @Override
  int skipOf(int level) {
    return level < layers.size() ? layers.get(level) - 1 : VIEWS;
  }

  @Override
  int channelsOf(int map) {
    return encoder.hiddenSize();
  }
}

package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Affine;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Tokens of two global views of the same patients that overlap by about half. */
public final class TokenViews {
  /** Named sizes of benchmarks on tokens. */
  public enum Size {
    /** For the smoke run. */
    TINY(2, 2, 3, 4, 8, 16),
    /** 8,192 tokens in all. */
    BASE(4, 8, 8, 16, 512, 256),
    /** 65,536 tokens in all. */
    LARGE(8, 16, 16, 16, 512, 256);

    final int pairs;
    final int depth;
    final int height;
    final int width;
    final int prototypes;
    final int dim;

    Size(int pairs, int depth, int height, int width, int prototypes, int dim) {
      this.pairs = pairs;
      this.depth = depth;
      this.height = height;
      this.width = width;
      this.prototypes = prototypes;
      this.dim = dim;
    }

    Shape tokens() {
      return new Shape(pairs, (long) depth * height * width, dim);
    }
  }

  final List<TokenGrid> grids = new ArrayList<>();
  final List<NDArray> visual = new ArrayList<>();
  final NDArray prototypes;

  TokenViews(NDManager manager, Size size) {
    SplittableRandom random = new SplittableRandom(7);
    prototypes = manager.randomNormal(new Shape(size.prototypes, size.dim)).normalize(2, 1);
    for (int view = 0; view < 2; view++) {
      List<Affine> affines = new ArrayList<>();
      for (int i = 0; i < size.pairs; i++) {
        affines.add(affine(size, view, random));
      }
      grids.add(new TokenGrid(size.depth, size.height, size.width, affines));
      visual.add(tokens(manager, size));
    }
  }

  /** A cube of some 150 mm; the second view's runs back along x. */
  private static Affine affine(Size size, int view, SplittableRandom random) {
    double x = (150 + 30 * random.nextDouble()) / size.width;
    double y = (150 + 30 * random.nextDouble()) / size.height;
    double z = (150 + 30 * random.nextDouble()) / size.depth;
    double shift = view * x * (size.width - 1);
    return Affine.scaleTranslate(
        view == 0 ? x : -x,
        y,
        z,
        40 * random.nextDouble() + shift,
        40 * random.nextDouble(),
        40 * random.nextDouble());
  }

  /** Near some prototype each, as trained features are. */
  private NDArray tokens(NDManager manager, Size size) {
    Shape shape = size.tokens();
    NDArray nearest =
        manager.randomInteger(
            0, size.prototypes, new Shape(shape.get(0) * shape.get(1)), DataType.INT64);
    NDArray centres = prototypes.get(nearest).reshape(shape);
    return centres.add(manager.randomNormal(shape).mul(0.05f)).mul(3);
  }
}

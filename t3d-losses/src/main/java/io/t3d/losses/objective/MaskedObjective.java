package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.LossTerms;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Masked autoencoding: random blocks of each global view are set to 0, and a linear map of each
 * projected token predicts the voxels of its region.
 *
 * <pre>{@code
 * L = mean over hidden voxels of | prediction - voxel |
 * }</pre>
 *
 * <p>Xie et al., 2022, <a href="https://arxiv.org/abs/2111.09886">SimMIM: a Simple Framework for
 * Masked Image Modeling</a>; He et al., 2022, Masked Autoencoders Are Scalable Vision Learners.
 *
 * <p>Differs from the paper:
 *
 * <ul>
 *   <li>The mask token of a vision transformer is what its patch embedding makes of zeros, its
 *       learned bias; positions are added as ever.
 *   <li>A ResNet sees zeros where blocks are hidden. SparK (Tian et al. 2023) keeps hidden regions
 *       empty by sparse convolutions and decodes at several scales; this is the simple version.
 * </ul>
 *
 * <p>Part: {@code reconstruction}.
 */
final class MaskedObjective implements BatchObjective {
  private static final Size3 RESNET_BLOCK = Size3.cube(8);

  private final double ratio;
  private final Size3 block;
  private final Linear head;

  private MaskedObjective(double ratio, Size3 block, Linear head) {
    this.ratio = ratio;
    this.block = block;
    this.head = head;
  }

  static MaskedObjective create(
      ObjectiveConfig.Masked config, T3DModel model, Size3 view, long seed) {
    Size3 block = config.block().orElse(defaultBlock(model));
    requireDivides("objective.baseline.block", block, view);
    if (model.config().vision() instanceof Vit3dConfig vit) {
      requireDivides("the encoder's patch", vit.patch(), block);
    }
    Size3 grid = grid(model, view);
    requireDivides("the grid of visual tokens", grid, view);
    int region = voxels(view) / voxels(grid);
    Linear head = Linear.builder().setUnits(region).build();
    Objectives.start(head, model, seed, new Shape(1, 1, model.config().embedDim()));
    return new MaskedObjective(config.ratio(), block, head);
  }

  private static Size3 defaultBlock(T3DModel model) {
    return model.config().vision() instanceof Vit3dConfig vit ? vit.patch() : RESNET_BLOCK;
  }

  private static Size3 grid(T3DModel model, Size3 view) {
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray empty = scope.zeros(new Shape(1, 1, view.depth(), view.height(), view.width()));
      VisualTokens tokens = model.vision().encode(new ParameterStore(scope, false), empty, false);
      return new Size3(tokens.depth(), tokens.height(), tokens.width());
    }
  }

  private static int voxels(Size3 s) {
    return s.depth() * s.height() * s.width();
  }

  private static void requireDivides(String name, Size3 part, Size3 whole) {
    if (whole.depth() % part.depth() != 0
        || whole.height() % part.height() != 0
        || whole.width() % part.width() != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Masked reconstruction needs sizes that divide evenly, but "
              + name
              + " "
              + part
              + " does not divide "
              + whole
              + "; set objective.baseline.block or data.views.globalSize");
    }
  }

  @Override
  public LossTerms compute(Forward model, ViewBatch views, List<String> patientIds) {
    List<ViewBatch.Slot> seen = new ArrayList<>();
    List<NDArray> voxels = new ArrayList<>();
    List<NDArray> masks = new ArrayList<>();
    for (ViewBatch.Slot slot : views.slots()) {
      if (slot.kind() == View.Kind.GLOBAL) {
        NDArray mask = mask(slot.voxels(), model); // (B, 1, D, H, W)
        NDArray visible = slot.voxels().mul(Scalars.add(mask.neg(), 1)); // (B, 1, D, H, W)
        seen.add(new ViewBatch.Slot(slot.kind(), visible, slot.affines()));
        voxels.add(slot.voxels());
        masks.add(mask);
      }
    }
    T3DOutput output = model.run(new ViewBatch(seen));
    NDList errors = new NDList();
    NDList hidden = new NDList();
    for (int i = 0; i < seen.size(); i++) {
      TokenGrid grid = output.views().get(i).grid();
      NDArray predicted = predict(output.views().get(i).tokens()); // (B, N, P)
      NDArray mask = regions(masks.get(i), grid); // (B, N, P)
      NDArray error = predicted.sub(regions(voxels.get(i), grid)).abs().mul(mask); // (B, N, P)
      errors.add(error.sum());
      hidden.add(mask.sum());
    }
    NDArray loss =
        NDArrays.stack(errors).sum().div(Scalars.atLeast(NDArrays.stack(hidden).sum(), 1));
    return new LossTerms(loss, Map.of("reconstruction", loss.stopGradient()));
  }

  private NDArray predict(NDArray tokens) {
    ParameterStore parameters = new ParameterStore(tokens.getManager(), false);
    return Casts.toFloat32(
        head.forward(parameters, new NDList(tokens), true).singletonOrThrow()); // (B, N, P)
  }

  /** 1 in hidden blocks, else 0; the same number of blocks in every view. */
  private NDArray mask(NDArray voxels, Forward model) {
    Shape s = voxels.getShape();
    requireDivides(
        "objective.baseline.block",
        block,
        new Size3((int) s.get(2), (int) s.get(3), (int) s.get(4)));
    long d = s.get(2) / block.depth();
    long h = s.get(3) / block.height();
    long w = s.get(4) / block.width();
    int b = (int) s.get(0);
    int blocks = (int) (d * h * w);
    int hide = Math.max(1, Math.min(blocks - 1, (int) Math.round(ratio * blocks)));
    NDManager manager = voxels.getManager();
    Part part = model.part(b); // of the pairs of all workers, whose blocks are drawn together
    NDArray drawn = manager.randomUniform(0, 1, new Shape(part.all(), blocks));
    NDArray own = part.all() == b ? drawn : drawn.get(part.first() + ":" + (part.first() + b));
    NDArray order = own.argSort(1); // (B, blocks)
    // Sorting the order gives each block's place in it: the first ones are hidden.
    NDArray place = order.argSort(1).toType(DataType.FLOAT32, false); // (B, blocks)
    NDArray first = place.lt(BatchArrays.full(voxels, hide)).toType(DataType.FLOAT32, false);
    NDArray corners = first.reshape(b, d, 1, h, 1, w, 1);
    NDArray ones =
        BatchArrays.ones(
            voxels, new Shape(1, 1, block.depth(), 1, block.height(), 1, block.width()));
    return corners.mul(ones).reshape(s); // (B, 1, D, H, W)
  }

  /** {@code (B, 1, D, H, W)} to {@code (B, N, P)}: the P voxels of each token's region. */
  private static NDArray regions(NDArray voxels, TokenGrid grid) {
    Shape s = voxels.getShape();
    long d = s.get(2) / grid.depth();
    long h = s.get(3) / grid.height();
    long w = s.get(4) / grid.width();
    return voxels
        .reshape(s.get(0), grid.depth(), d, grid.height(), h, grid.width(), w)
        .transpose(0, 1, 3, 5, 2, 4, 6)
        .reshape(s.get(0), grid.size(), d * h * w);
  }

  @Override
  public Map<String, Parameter> parameters() {
    return StateDict.of(head);
  }
}

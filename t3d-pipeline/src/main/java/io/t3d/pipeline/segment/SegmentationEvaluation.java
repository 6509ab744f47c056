package io.t3d.pipeline.segment;

import io.t3d.core.T3dException;
import io.t3d.core.eval.SegmentationScores;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.core.volume.Volume;
import io.t3d.data.load.VolumeSegmenter;
import io.t3d.data.load.internal.MaskedVolumes;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.Masks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;

/**
 * Compares predicted masks with the masks of a manifest, on the volumes' original voxels. Voxels of
 * the manifest's masks that are to be ignored, of value 255, are left out.
 *
 * @param volumes how many were compared
 * @param meanDice the mean over structures of their mean Dice; empty when no mask has any of them
 * @param perStructure by name
 */
public record SegmentationEvaluation(
    int volumes, Optional<Double> meanDice, Map<String, StructureScore> perStructure) {
  /**
   * One structure over all volumes.
   *
   * @param dice mean over volumes in which either mask has it; empty when none has
   * @param hausdorff95 mean in mm over volumes in which both masks have it; empty when none has
   * @param volumes in which either mask has it
   * @param onlyInOne of these, how many have it in one mask only: their Dice is 0 and they are not
   *     in the mean distance
   */
  public record StructureScore(
      Optional<Double> dice, Optional<Double> hausdorff95, int volumes, int onlyInOne) {}

  /**
   * Segments and compares.
   *
   * @param segmenter of raw volumes
   * @param rows all with a mask
   * @param progress gets the number of volumes done
   */
  public static SegmentationEvaluation of(
      VolumeSegmenter segmenter, List<ManifestRow> rows, IntConsumer progress) throws IOException {
    return of(segmenter, rows, Masks.OtherGrid.REFUSE, progress);
  }

  /**
   * The same.
   *
   * @param otherGrid what becomes of masks on another grid than their volume's
   * @throws T3dException when masks cannot be used, before any volume is segmented
   */
  public static SegmentationEvaluation of(
      VolumeSegmenter segmenter,
      List<ManifestRow> rows,
      Masks.OtherGrid otherGrid,
      IntConsumer progress)
      throws IOException {
    new MaskedVolumes(rows, segmenter.preprocessing(), 0, otherGrid).requireFit();
    SegmenterConfig config = segmenter.segmenter().config();
    List<List<SegmentationScores>> scores = new ArrayList<>();
    config.classes().forEach(c -> scores.add(new ArrayList<>()));
    int done = 0;
    for (ManifestRow row : rows) {
      Volume reference = Masks.read(row, otherGrid);
      Volume predicted = segmenter.segment(row.readVolume());
      List<SegmentationScores> ofRow = scores(predicted, reference, config);
      for (int k = 0; k < ofRow.size(); k++) {
        scores.get(k).add(ofRow.get(k));
      }
      progress.accept(++done);
    }
    return of(rows.size(), config.classes(), scores);
  }

  /**
   * Compares two masks on the same voxels, structure by structure. Where the reference says {@link
   * SegmenterConfig#IGNORE} nothing is right or wrong: nothing counts as predicted there.
   */
  static List<SegmentationScores> scores(
      Volume predicted, Volume reference, SegmenterConfig config) {
    int[] found = classes(predicted, config);
    int[] truth = classes(reference, config);
    List<SegmentationScores> scores = new ArrayList<>();
    for (int k = 1; k < config.classCount(); k++) {
      boolean[] p = new boolean[found.length];
      boolean[] r = new boolean[truth.length];
      for (int i = 0; i < p.length; i++) {
        p[i] = found[i] == k && truth[i] >= 0;
        r[i] = truth[i] == k;
      }
      scores.add(SegmentationScores.of(p, r, reference));
    }
    return scores;
  }

  /** The class of each voxel; below 0 where it is to be ignored. */
  private static int[] classes(Volume mask, SegmenterConfig config) {
    int[] classOfValue = config.classOfValue();
    float[] voxels = mask.voxels();
    int[] out = new int[voxels.length];
    for (int i = 0; i < out.length; i++) {
      int value = (int) voxels[i];
      if (value < 0 || value >= classOfValue.length) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "Masks must have whole values 0..255, got " + value + "; is this a mask?");
      }
      out[i] = classOfValue[value];
    }
    return out;
  }

  static SegmentationEvaluation of(
      int volumes, List<SegmentationClass> classes, List<List<SegmentationScores>> scores) {
    Map<String, StructureScore> perStructure = new LinkedHashMap<>();
    for (int k = 0; k < classes.size(); k++) {
      perStructure.put(classes.get(k).name(), summary(scores.get(k)));
    }
    OptionalDouble mean =
        perStructure.values().stream()
            .flatMap(s -> s.dice().stream())
            .mapToDouble(d -> d)
            .average();
    return new SegmentationEvaluation(volumes, boxed(mean), perStructure);
  }

  private static StructureScore summary(List<SegmentationScores> all) {
    List<SegmentationScores> there = all.stream().filter(s -> !Double.isNaN(s.dice())).toList();
    List<SegmentationScores> both =
        there.stream().filter(s -> Double.isFinite(s.hausdorff95())).toList();
    return new StructureScore(
        mean(there, SegmentationScores::dice),
        mean(both, SegmentationScores::hausdorff95),
        there.size(),
        there.size() - both.size());
  }

  private static Optional<Double> mean(
      List<SegmentationScores> scores, ToDoubleFunction<SegmentationScores> value) {
    return boxed(scores.stream().mapToDouble(value).average());
  }

  private static Optional<Double> boxed(OptionalDouble mean) {
    return mean.isPresent() ? Optional.of(mean.getAsDouble()) : Optional.empty();
  }
}

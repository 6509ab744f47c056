package io.t3d.cli.benchmark.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.internal.LabelledRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A replicate's phantoms as evaluation sees them, read and prepared once for all methods.
 *
 * <p>Not safe for several threads beyond reading a part at a time.
 */
public final class SuiteData {
  private final DataConfig config;
  private final MultiViewSampler sampler;
  private final Path folder;
  private final List<ManifestRow> rows;
  private final List<Part> parts = new ArrayList<>();
  private final Map<String, LocalTruth> truths = new HashMap<>();

  /**
   * Reads the manifest.
   *
   * @param config preprocessing and views
   * @param folder what {@link PhantomDataset} wrote
   */
  public SuiteData(DataConfig config, Path folder) throws IOException {
    this.config = config;
    this.sampler = new MultiViewSampler(config.views());
    this.folder = folder;
    this.rows = Manifest.read(folder.resolve("manifest.csv")).rows();
  }

  /** The training pairs as the manifest names them. */
  public List<ManifestRow> trainingRows() {
    return rows.stream().filter(r -> r.split() == Split.TRAIN).toList();
  }

  /**
   * A split.
   *
   * @param split which
   * @param rows its pairs
   * @param views their volumes resized to the views' size
   * @param labels of all findings
   */
  public record Part(Split split, List<ManifestRow> rows, List<View> views, LabelMatrix labels)
      implements VolumeBatches {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public NDArray load(NDManager owner, int[] wanted) {
      List<List<View>> some = Arrays.stream(wanted).mapToObj(i -> List.of(views.get(i))).toList();
      return ViewBatch.collate(owner, some).slots().get(0).voxels();
    }

    List<String> patients() {
      return rows.stream().map(ManifestRow::patient).toList();
    }

    /** Texts, one per volume. */
    public List<String> reports() {
      return rows.stream().map(ManifestRow::report).toList();
    }

    /** Some of the samples, in that order. */
    Part select(int[] samples) {
      return new Part(
          split,
          Arrays.stream(samples).mapToObj(rows::get).toList(),
          Arrays.stream(samples).mapToObj(views::get).toList(),
          labels.select(samples));
    }

    /** The first samples, at most so many. */
    public Part first(int count) {
      int[] samples = new int[Math.min(count, size())];
      Arrays.setAll(samples, i -> i);
      return select(samples);
    }
  }

  Part train() throws IOException {
    return part(Split.TRAIN);
  }

  Part validation() throws IOException {
    return part(Split.VALIDATION);
  }

  /** For reported figures. */
  public Part test() throws IOException {
    return part(Split.TEST);
  }

  private synchronized Part part(Split split) throws IOException {
    for (Part part : parts) {
      if (part.split() == split) {
        return part;
      }
    }
    List<ManifestRow> some = rows.stream().filter(r -> r.split() == split).toList();
    List<View> views = new ArrayList<>();
    for (ManifestRow row : some) {
      views.add(sampler.center(config.preprocessing().read(row.volume(), row.calibration())));
    }
    Part part =
        new Part(
            split,
            some,
            views,
            LabelledRows.matrix(some, List.copyOf(rows.get(0).labels().keySet())));
    parts.add(part);
    return part;
  }

  /**
   * Where the findings of a part are.
   *
   * @param part a whole split
   * @param grid tokens along z, y, x
   */
  synchronized LocalTruth truth(Part part, int[] grid) throws IOException {
    String key = part.split() + Arrays.toString(grid);
    LocalTruth known = truths.get(key);
    if (known == null) {
      Map<String, List<Finding>> findings = PhantomDataset.findings(folder);
      known = LocalTruth.ofVolumes(part.size());
      for (int i = 0; i < part.size(); i++) {
        ManifestRow row = part.rows().get(i);
        String file = row.volume().getFileName().toString();
        known.put(i, ownMask(row), findings.getOrDefault(file, List.of()), grid);
      }
      truths.put(key, known);
    }
    return known;
  }

  private Volume ownMask(ManifestRow row) throws IOException {
    return config.preprocessing().applyToMask(VolumeReaders.read(row.mask().orElseThrow()));
  }

  /** The mask of a row on the voxels of its view. */
  Volume mask(ManifestRow row) throws IOException {
    return new ResampleTo(config.views().globalSize(), Interpolation.NEAREST).apply(ownMask(row));
  }
}

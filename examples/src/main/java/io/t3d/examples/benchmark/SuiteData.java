package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.Split;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.examples.run.DataConfig;
import io.t3d.examples.run.LabelledRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The suite's volumes as evaluation sees them, read and prepared once for all methods. */
final class SuiteData {
  private final DataConfig config;
  private final MultiViewSampler sampler;
  private final List<ManifestRow> rows;
  private final List<Part> parts = new ArrayList<>();

  SuiteData(DataConfig config, List<ManifestRow> rows) {
    this.config = config;
    this.sampler = new MultiViewSampler(config.views());
    this.rows = rows;
  }

  /** A split: its pairs, their volumes resized to the views' size, and their labels. */
  record Part(Split split, List<ManifestRow> rows, List<View> views, LabelMatrix labels)
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

    List<String> reports() {
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
    Part first(int count) {
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

  Part test() throws IOException {
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

  /** The mask of a row on the voxels of its view. */
  Volume mask(ManifestRow row) throws IOException {
    Volume mask = config.preprocessing().applyToMask(VolumeReaders.read(row.mask().orElseThrow()));
    return new ResampleTo(config.views().globalSize(), Interpolation.NEAREST).apply(mask);
  }
}

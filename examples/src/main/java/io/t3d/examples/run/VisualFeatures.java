package io.t3d.examples.run;

import ai.djl.ndarray.NDManager;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.ReportGenerator;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.PreparedVolumes;
import io.t3d.data.view.MultiViewSampler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** What a model's encoder sees in the volumes of a manifest: the tokens that decoders read. */
public final class VisualFeatures {
  private static final int BATCH = 8;

  private VisualFeatures() {}

  /**
   * Encodes the whole of each volume, without augmentation. All tokens stay in memory: 4·N·C bytes
   * a volume.
   *
   * @param owner owns the result
   * @param generator over the model to look with
   * @param data the preparation the model was trained with
   * @param rows n volumes, at least one
   * @param done is told how many volumes are done
   * @return n rows
   */
  public static VisualTokens of(
      NDManager owner,
      ReportGenerator generator,
      DataConfig data,
      List<ManifestRow> rows,
      IntConsumer done)
      throws IOException {
    PreparedVolumes volumes = new PreparedVolumes(data.preprocessing(), rows);
    MultiViewSampler sampler = new MultiViewSampler(data.views());
    ExecutorService readers = Executors.newFixedThreadPool(data.threads());
    try (NDManager scope = owner.newSubManager()) {
      List<VisualTokens> parts = new ArrayList<>();
      for (int from = 0; from < rows.size(); from += BATCH) {
        List<Future<View>> views = new ArrayList<>();
        for (ManifestRow row : rows.subList(from, Math.min(rows.size(), from + BATCH))) {
          views.add(readers.submit(() -> sampler.center(volumes.load(row.volume()).readAll())));
        }
        List<List<View>> one = new ArrayList<>();
        for (Future<View> view : views) {
          one.add(List.of(await(view)));
        }
        try (ViewBatch batch = ViewBatch.collate(scope, one)) {
          parts.add(generator.encode(scope, batch.slots().get(0).voxels()));
        }
        done.accept(from + one.size());
      }
      return ReportGenerator.join(owner, parts);
    } finally {
      readers.shutdownNow();
    }
  }

  private static View await(Future<View> view) throws IOException {
    try {
      return view.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while reading volumes", e);
    }
  }
}

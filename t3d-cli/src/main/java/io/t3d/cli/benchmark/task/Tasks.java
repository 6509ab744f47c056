package io.t3d.cli.benchmark.task;

import java.util.List;

/** The benchmark's tasks. */
public final class Tasks {
  private Tasks() {}

  /** All, in the order in which they are done. */
  public static List<BenchmarkTask> all() {
    return List.of(
        new ZeroShotTask(),
        new LateralityTask(),
        new PointingTask(),
        new RetrievalTask(),
        new TokenProbeTask(),
        new ProbeTask(),
        new FineTuneTask(),
        new ReportTask(),
        SegmentationTask.manyMasks(),
        SegmentationTask.fewMasks());
  }
}

package io.t3d.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Every benchmark starts, passes the check in its setup, and measures something, at a tiny size.
 */
class BenchmarksTest {
  @Test
  void everyBenchmarkRunsAtATinySize() throws RunnerException {
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .include("io\\.t3d\\.bench\\..*")
                    .param("size", "TINY")
                    .param("samples", "64")
                    .param("prototypes", "16")
                    .forks(0)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .measurementTime(TimeValue.milliseconds(20))
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .build())
            .run();

    TreeSet<String> names = new TreeSet<>();
    for (RunResult result : results) {
      names.add(Guard.shortName(result.getParams().getBenchmark()));
      assertThat(result.getPrimaryResult().getScore()).isPositive();
    }
    assertThat(names)
        .containsAll(
            List.of(
                "AttentionBenchmark.ours",
                "AttentionBenchmark.oursWithBackward",
                "AttentionBenchmark.plain",
                "AttentionBenchmark.plainWithBackward",
                "ContrastiveLossBenchmark.ours",
                "ContrastiveLossBenchmark.plain",
                "CropReadBenchmark.niftiGz",
                "CropReadBenchmark.zarr",
                "CropReadBenchmark.zarrOpened",
                "LoaderBenchmark.inTurn",
                "LoaderBenchmark.ours",
                "MultiViewSamplerBenchmark.libtorch",
                "MultiViewSamplerBenchmark.ours",
                "PatchEmbeddingBenchmark.conv3d",
                "PatchEmbeddingBenchmark.conv3dBfloat16",
                "PatchEmbeddingBenchmark.ours",
                "PatchEmbeddingBenchmark.oursBfloat16",
                "ResNet3dBenchmark.ours",
                "ResNet3dBenchmark.oursWithBackward",
                "ResNet3dBenchmark.plain",
                "ResNet3dBenchmark.plainWithBackward",
                "SinkhornBenchmark.logDomain",
                "SinkhornBenchmark.ours",
                "SinkhornBenchmark.published",
                "PrototypeLossBenchmark.ours",
                "PrototypeLossBenchmark.plain",
                "TokenGatherBenchmark.ours",
                "TokenGatherBenchmark.plain",
                "TokenMatchingBenchmark.distances",
                "TokenMatchingBenchmark.ours",
                "VolumeReadBenchmark.read",
                "VolumeReadBenchmark.readThenSteps",
                "VolumeReadBenchmark.readInOnePass"));
  }
}

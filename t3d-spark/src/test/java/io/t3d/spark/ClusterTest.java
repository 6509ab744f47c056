package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DatasetPreparation;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a master and workers that are processes of their own, one of which is killed. */
@Tag("cluster")
class ClusterTest {
  private static final int COUNT = 117;

  private static Path manifest;
  private static Path model;

  @TempDir private Path dir;

  private Cluster cluster;

  @BeforeAll
  static void write(@TempDir Path data) throws IOException {
    manifest = Phantoms.manifest(data.resolve("phantoms"), COUNT);
    model = Phantoms.model(data.resolve("model"));
  }

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster(dir.resolve("cluster"));
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** Kills a worker, with its executor, when each of two executors has done a task. */
  private static final class Killer extends SparkListener {
    private final Process worker;
    private final Set<String> working = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean killed = new AtomicBoolean();
    private final AtomicInteger doneAfterwards = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();

    Killer(Process worker) {
      this.worker = worker;
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      if (!end.taskInfo().successful()) {
        return;
      }
      if (killed.get()) {
        doneAfterwards.incrementAndGet();
      }
      working.add(end.taskInfo().executorId());
      if (working.size() == 2 && killed.compareAndSet(false, true)) {
        Cluster.kill(worker);
      }
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
      lost.incrementAndGet();
    }
  }

  private static Killer killOnceBothWork(SparkSession session, Process worker) {
    Killer killer = new Killer(worker);
    session.sparkContext().addSparkListener(killer);
    return killer;
  }

  private static void assertKilledInTheMiddle(Killer killer) {
    assertThat(killer.killed).as("a worker was killed").isTrue();
    assertThat(killer.lost.get()).as("executors that Spark has lost").isPositive();
    assertThat(killer.doneAfterwards.get()).as("tasks that were done afterwards").isPositive();
  }

  @Test
  void aWorkerThatIsKilledCostsNoRowAndDoublesNone() throws Exception {
    float[][] plain = Phantoms.plain(model, manifest);
    List<ManifestRow> rows = Manifest.read(manifest).rows();
    String table = dir.resolve("embedded.parquet").toString();
    cluster.addWorker("first");
    Process second = cluster.addWorker("second");
    try (SparkSession session = cluster.session().getOrCreate()) {
      Killer killer = killOnceBothWork(session, second);
      EmbeddingTable.write(T3DSpark.embed(session, manifest, model), table);
      assertKilledInTheMiddle(killer);
      assertThat(session.read().parquet(table).count()).isEqualTo(COUNT);
      List<EmbeddedStudy> studies = EmbeddingTable.read(session, table).studies();
      assertThat(studies).hasSize(COUNT);
      for (int i = 0; i < COUNT; i++) {
        assertThat(studies.get(i).getRow()).isEqualTo(rows.get(i).row());
        assertThat(studies.get(i).getVector()).containsExactly(plain[i]);
      }
    }
  }

  @Test
  void aWorkerThatIsKilledWhileTasksRunTwiceLeavesThePreparedFolderOfThePlainCommand()
      throws Exception {
    PreparationConfig config = PreparationConfig.of(Preprocessing.windowOnly());
    List<ManifestRow> rows = Manifest.read(manifest).rows();
    new DatasetPreparation(config, dir.resolve("plain"), 2).run(rows, n -> {});
    cluster.addWorker("first");
    Process second = cluster.addWorker("second");
    try (SparkSession session =
        cluster
            .session()
            .config("spark.speculation", "true")
            .config("spark.speculation.interval", "20ms")
            .config("spark.speculation.multiplier", "1.01")
            .config("spark.speculation.quantile", "0.05")
            .config("spark.speculation.minTaskRuntime", "1ms")
            .getOrCreate()) {
      Killer killer = killOnceBothWork(session, second);
      Path out = dir.resolve("spark");
      List<PreparedStudy> studies =
          T3DSpark.preprocess(session, manifest, config, out).collectAsList();
      assertKilledInTheMiddle(killer);
      assertThat(studies).hasSize(COUNT).allMatch(s -> s.getProblem().isEmpty());
      assertThat(contents(out)).isEqualTo(contents(dir.resolve("plain")));
    }
  }

  private static Map<String, Integer> contents(Path folder) throws IOException {
    Map<String, Integer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(folder.relativize(file).toString(), hash(file));
      }
    }
    return contents;
  }

  private static int hash(Path file) {
    try {
      return Arrays.hashCode(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anExecutorWithoutNativesIsOneSentenceAndLeavesNothing() throws Exception {
    String table = dir.resolve("embedded.parquet").toString();
    cluster.addWorker("first");
    try (SparkSession session =
        cluster
            .session()
            .config("spark.cores.max", "1")
            .config("spark.executorEnv.PYTORCH_LIBRARY_PATH", dir.resolve("nothing").toString())
            .getOrCreate()) {
      assertThatThrownBy(
              () -> EmbeddingTable.write(T3DSpark.embed(session, manifest, model), table))
          .isInstanceOf(T3dException.class)
          .satisfies(e -> assertThat(((T3dException) e).kind()).isEqualTo(Kind.ENVIRONMENT))
          .hasMessageStartingWith("Executor 0 on ")
          .hasMessageContaining("must name a folder with libtorch.so");
      EmbeddingTable.requireFree(session, table);
    }
  }
}

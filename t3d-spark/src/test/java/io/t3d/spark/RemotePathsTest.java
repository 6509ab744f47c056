package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.data.io.Locations;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.Preprocessing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Manifests and volumes on a real HDFS of one name node and one data node, in this JVM. */
@Timeout(300)
class RemotePathsTest {
  private static final int COUNT = 9;

  @TempDir private static Path shared;
  private static MiniDFSCluster cluster;
  private static FileSystem hdfs;
  private static String root;
  private static SparkSession session;
  private static Path local;
  private static Path remote;
  private static Path model;

  @TempDir private Path dir;

  @BeforeAll
  static void start() throws IOException {
    System.setProperty("t3d.cache.dir", shared.resolve("cache").toString());
    Configuration settings = new Configuration();
    settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, shared.resolve("hdfs").toString());
    cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).format(true).build();
    cluster.waitActive();
    hdfs = cluster.getFileSystem();
    root = "hdfs://127.0.0.1:" + cluster.getNameNodePort();
    local = Phantoms.manifest(shared.resolve("set"), COUNT);
    put(shared.resolve("set"), "/set");
    remote = Locations.path(root + "/set/manifest.csv");
    model = Phantoms.model(shared.resolve("model"));
    session = Phantoms.session("local[2]");
  }

  @AfterAll
  static void end() throws IOException {
    session.stop();
    hdfs.close();
    cluster.shutdown();
    System.clearProperty("t3d.cache.dir");
  }

  private static void put(Path from, String to) throws IOException {
    hdfs.copyFromLocalFile(
        new org.apache.hadoop.fs.Path(from.toUri()), new org.apache.hadoop.fs.Path(to));
  }

  @Test
  void tasksReadVolumesThereAndVectorsAreThoseOfADisk() throws IOException {
    List<EmbeddedStudy> studies = T3DSpark.embed(session, remote, model).collectAsList();
    float[][] plain = Phantoms.plain(model, local);
    assertThat(studies).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      assertThat(studies.get(i).getPath()).startsWith(root + "/set/volumes/");
      assertThat(studies.get(i).getProblem()).isEmpty();
      assertThat(studies.get(i).getVector()).containsExactly(plain[i]);
    }
  }

  @Test
  void tablesLieThereToo() throws IOException {
    String table = root + "/embedded.parquet";
    EmbeddingTable.write(T3DSpark.embed(session, remote, model), table);
    assertThat(EmbeddingTable.read(session, table).vectors())
        .isDeepEqualTo(Phantoms.plain(model, local));
  }

  @Test
  void volumesFromThereArePreparedHereAndInspected() throws IOException {
    PreparationConfig config = PreparationConfig.of(Preprocessing.windowOnly());
    Path out = dir.resolve("prepared");
    Path expected = dir.resolve("expected");
    assertThat(T3DSpark.preprocess(session, remote, config, out).collectAsList())
        .extracting(PreparedStudy::getProblem)
        .containsOnly("");
    T3DSpark.preprocess(session, local, config, expected);
    List<ManifestRow> rows = Manifest.read(out.resolve("manifest.csv")).rows();
    List<ManifestRow> same = Manifest.read(expected.resolve("manifest.csv")).rows();
    assertThat(rows).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      assertThat(rows.get(i).readVolume().voxels()).isEqualTo(same.get(i).readVolume().voxels());
    }
    Path volumes = Locations.path(root + "/set/volumes");
    assertThat(T3DSpark.inspect(session, volumes).collectAsList())
        .hasSize(COUNT)
        .allMatch(v -> v.getPath().startsWith(root + "/set/volumes/"));
  }

  @Test
  void aVolumeThatIsCutShortThereIsARowWithItsReason() throws IOException {
    Path whole = Manifest.read(local).rows().get(3).volume();
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = dir.resolve("cut.nii.gz");
    Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
    put(cut, "/cut.nii.gz");
    Path manifest = dir.resolve("manifest.csv");
    Files.writeString(
        manifest,
        "volume,report,split\n"
            + (root + "/cut.nii.gz,A report.,train\n")
            + (root + "/set/volumes/" + whole.getFileName() + ",A report.,train\n"));
    List<EmbeddedStudy> studies = T3DSpark.embed(session, manifest, model).collectAsList();
    assertThat(studies.get(0).getProblem()).contains(root + "/cut.nii.gz");
    assertThat(studies.get(0).getVector()).isEmpty();
    assertThat(studies.get(1).getVector()).isNotEmpty();
  }

  @Test
  void aStoreThatDoesNotAnswerIsOneMessage() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Path nobody = Locations.path("hdfs://127.0.0.1:" + port + "/set/manifest.csv");
    assertThatThrownBy(() -> T3DSpark.embed(session, nobody, model))
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("does not answer");
  }

  @Test
  void aModelAndAPreparedFolderThereAreRefused() {
    assertThatThrownBy(() -> T3DSpark.embed(session, local, Locations.path(root + "/model")))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "A model must be a folder that every machine sees as its own files, got "
                + root
                + "/model; copy it to a shared file system, or send it along by --archives"
                + " (docs/spark.md)");
    Path out = Locations.path(root + "/prepared");
    assertThatThrownBy(
            () ->
                T3DSpark.preprocess(
                    session, local, PreparationConfig.of(Preprocessing.windowOnly()), out))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "Prepared volumes go to a folder that every machine sees as its own files, got "
                + root
                + "/prepared; prepare to a shared file system, and copy the folder there afterwards");
  }
}

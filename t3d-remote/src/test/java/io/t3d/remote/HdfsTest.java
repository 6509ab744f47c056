package io.t3d.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.Locations;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.data.zarr.internal.ZarrVolume;
import io.t3d.data.zarr.internal.ZarrWriter;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a real HDFS of one name node and one data node, in this JVM. */
@Timeout(180)
class HdfsTest {
  @TempDir private static Path storage;
  private static MiniDFSCluster cluster;
  private static FileSystem hdfs;
  private static String root;

  @TempDir private Path dir;

  @BeforeAll
  static void start() throws IOException {
    S3Server.shared(); // whose cache is ours
    Configuration settings = new Configuration();
    settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, storage.toString());
    cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).format(true).build();
    cluster.waitActive();
    hdfs = cluster.getFileSystem();
    root = "hdfs://127.0.0.1:" + cluster.getNameNodePort();
  }

  @AfterAll
  static void stop() throws IOException {
    hdfs.close();
    cluster.shutdown();
  }

  private static void put(Path local, String to) throws IOException {
    hdfs.copyFromLocalFile(
        new org.apache.hadoop.fs.Path(local.toUri()), new org.apache.hadoop.fs.Path(to));
  }

  @Test
  void aManifestAndItsVolumesAreReadAsThoseOfADisk() throws IOException {
    Path local = PhantomDataset.write(dir.resolve("set"), 2, 5);
    put(dir.resolve("set"), "/set");
    Manifest here = Manifest.read(local);
    Manifest there = Manifest.read(Locations.path(root + "/set/manifest.csv"));
    for (int i = 0; i < here.rows().size(); i++) {
      assertThat(there.rows().get(i).volume().toString()).startsWith(root + "/set/volumes/");
      assertThat(there.rows().get(i).readVolume().voxels())
          .isEqualTo(here.rows().get(i).readVolume().voxels());
    }
    assertThat(VolumeFinder.find(Locations.path(root + "/set/volumes")))
        .hasSize(here.rows().size());
    Path zarr = dir.resolve("v.zarr");
    ZarrWriter.write(zarr, here.rows().get(0).readVolume(), ZarrOptions.defaults(), "{}");
    put(zarr, "/v.zarr");
    VoxelBox box = new VoxelBox(1, 2, 3, 4, 5, 6);
    assertThat(ZarrVolume.open(Locations.path(root + "/v.zarr")).read(box).voxels())
        .isEqualTo(ZarrVolume.open(zarr).read(box).voxels());
  }

  @Test
  void whatIsNotThereIsMissing() {
    Path none = Locations.path(root + "/none.nii");
    assertThat(Files.exists(none)).isFalse();
    assertThatThrownBy(() -> Files.readAllBytes(none))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(root + "/none.nii");
  }

  @Test
  void aFileThatChangesWhileItIsReadIsRefused() throws IOException {
    Path file = dir.resolve("changing.bin");
    Files.write(file, new byte[RemoteFiles.BEGINNING + 10]);
    put(file, "/changing.bin");
    try (InputStream in = Files.newInputStream(Locations.path(root + "/changing.bin"))) {
      assertThat(in.read()).isZero();
      Files.write(file, new byte[RemoteFiles.BEGINNING + 20]);
      put(file, "/changing.bin");
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(ObjectChangedException.class)
          .hasMessageContaining("/changing.bin has changed while it was being read");
    }
  }

  @Test
  void aFileSystemThatDoesNotAnswerIsOneMessage() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> Files.exists(Locations.path("hdfs://127.0.0.1:" + port + "/a.nii")))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("The store hdfs://127.0.0.1:" + port + " does not answer (");
  }
}

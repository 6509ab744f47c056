package io.t3d.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.Locations;
import io.t3d.data.io.VolumeFinder;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestException;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.zarr.ZarrOptions;
import io.t3d.data.zarr.internal.ZarrVolume;
import io.t3d.data.zarr.internal.ZarrWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a real S3 server, with real requests of the real client. */
@Timeout(120)
class S3Test {
  private static final S3Server SERVER = S3Server.shared();
  private static final Affine MILLIMETRES =
      Affine.of(new double[] {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});

  @TempDir private Path dir;

  @BeforeAll
  static void bucket() {
    SERVER.bucket("scans");
  }

  @BeforeEach
  void forgetRequests() {
    Requests.take();
  }

  private static Volume volume(int depth, int height, int width) {
    float[] voxels = new float[depth * height * width];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (i * 31) % 2000 - 1000;
    }
    return new Volume(voxels, depth, height, width, MILLIMETRES);
  }

  @Test
  void aManifestAndItsVolumesAreReadAsThoseOfADisk() throws IOException {
    Path local = PhantomDataset.write(dir.resolve("set"), 3, 5);
    SERVER.putAll("scans", "a set/", dir.resolve("set"));
    Manifest here = Manifest.read(local);
    Manifest there = Manifest.read(Locations.path("s3://scans/a set/manifest.csv"));
    assertThat(there.rows()).hasSameSizeAs(here.rows());
    for (int i = 0; i < here.rows().size(); i++) {
      Path remote = there.rows().get(i).volume();
      assertThat(remote.toString()).startsWith("s3://scans/a set/volumes/");
      assertThat(Locations.path(remote.toString())).isEqualTo(remote);
      assertThat(there.rows().get(i).report()).isEqualTo(here.rows().get(i).report());
      assertThat(there.rows().get(i).readVolume().voxels())
          .isEqualTo(here.rows().get(i).readVolume().voxels());
    }
    assertThat(
            VolumeFinder.find(Locations.path("s3://scans/a set/volumes")).stream()
                .map(f -> f.path()))
        .containsExactlyElementsOf(there.rows().stream().map(r -> r.volume()).sorted().toList());
  }

  @Test
  void aManifestOfThisMachineMayNameRemoteVolumes() throws IOException {
    Path nifti = dir.resolve("v.nii.gz");
    VolumeWriters.write(nifti, volume(4, 5, 6), PixelType.INT16);
    SERVER.put("scans", "one/v.nii.gz", Files.readAllBytes(nifti));
    Path manifest =
        Files.writeString(
            dir.resolve("m.csv"), "volume,report\ns3://scans/one/v.nii.gz,Clear lungs.\n");
    Manifest read = Manifest.read(manifest);
    assertThat(read.rows().get(0).readVolume().voxels()).isEqualTo(volume(4, 5, 6).voxels());
    Path copy = dir.resolve("copy.csv");
    Manifest.write(copy, read.rows());
    assertThat(Files.readString(copy))
        .contains("s3://scans/one/v.nii.gz")
        .doesNotContain(S3Server.KEY);
    assertThat(Manifest.read(copy).rows()).isEqualTo(read.rows());
  }

  @Test
  void aMissingVolumeOfAManifestIsNamed() throws IOException {
    Path manifest =
        Files.writeString(
            dir.resolve("m.csv"), "volume,report\ns3://scans/none.nii,Clear lungs.\n");
    assertThatThrownBy(() -> Manifest.read(manifest))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("volume not found: s3://scans/none.nii");
  }

  @Test
  void aHeaderIsReadByOneRangeAndTheVoxelsComeLater() throws IOException {
    Path nifti = dir.resolve("big.nii");
    Volume big = volume(40, 128, 128); // 1.3 MB
    VolumeWriters.write(nifti, big, PixelType.INT16);
    SERVER.put("scans", "big.nii", Files.readAllBytes(nifti));
    Path remote = Locations.path("s3://scans/big.nii");
    assertThat(VolumeReaders.info(remote).depth()).isEqualTo(40);
    assertThat(Requests.take()).filteredOn(r -> r.startsWith("GET")).isNotEmpty();
    assertThat(cached()).isZero(); // the object was not copied
    assertThat(VolumeReaders.read(remote).voxels()).isEqualTo(big.voxels());
    assertThat(cached()).isEqualTo(1);
    Requests.take();
    VolumeReaders.read(remote);
    assertThat(Requests.take()).filteredOn(r -> r.startsWith("GET")).isEmpty();
  }

  /** Objects of this test that are larger than a beginning, in the cache. */
  private static long cached() throws IOException {
    try (var files = Files.walk(Path.of(System.getProperty("t3d.cache.dir")))) {
      return files
          .filter(f -> Files.isRegularFile(f) && f.toFile().length() > RemoteFiles.BEGINNING)
          .filter(f -> f.toFile().length() == 352 + 2L * 40 * 128 * 128)
          .count();
    }
  }

  @Test
  void ofAZarrVolumeOnlyTheChunksOfABoxAreFetchedAndThoseOnce() throws IOException {
    Path local = dir.resolve("v.zarr");
    ZarrOptions chunks = new ZarrOptions(ZarrOptions.Values.INT16, new Size3(8, 16, 16), 1);
    Volume whole = volume(32, 64, 64); // 4 × 4 × 4 chunks
    ZarrWriter.write(local, whole, chunks, "{}");
    SERVER.putAll("scans", "z/v.zarr/", local);
    Requests.take();
    ZarrVolume remote = ZarrVolume.open(Locations.path("s3://scans/z/v.zarr"));
    assertThat(chunkRequests()).isEmpty();
    VoxelBox box = new VoxelBox(9, 17, 20, 10, 10, 20); // chunks 1–2, 1, 1–2
    Volume crop = remote.read(box);
    assertThat(chunkRequests()).hasSize(4);
    assertThat(crop.get(0, 0, 0)).isEqualTo(whole.get(9, 17, 20));
    assertThat(crop.get(9, 9, 19)).isEqualTo(whole.get(18, 26, 39));
    assertThat(remote.read(box).voxels()).isEqualTo(crop.voxels());
    assertThat(Requests.take()).isEmpty(); // from the cache
    remote.requireWhole(); // looks at all 64 by one list
    assertThat(Requests.take()).hasSizeLessThanOrEqualTo(1);
  }

  private static List<String> chunkRequests() {
    return Requests.take().stream().filter(r -> r.matches(".*/\\d+\\.\\d+\\.\\d+")).toList();
  }

  @Test
  void anObjectThatChangesWhileItIsReadIsRefused() throws IOException {
    SERVER.put("scans", "changing.bin", new byte[RemoteFiles.BEGINNING + 100]);
    Path remote = Locations.path("s3://scans/changing.bin");
    byte[] other = new byte[RemoteFiles.BEGINNING + 100];
    other[0] = 1;
    try (InputStream in = Files.newInputStream(remote)) {
      assertThat(in.read()).isZero();
      SERVER.put("scans", "changing.bin", other);
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(ObjectChangedException.class)
          .hasMessage(
              "s3://scans/changing.bin has changed while it was being read; start again when nobody"
                  + " writes there");
    }
    assertThatThrownBy(() -> Files.readAllBytes(remote)).isInstanceOf(ObjectChangedException.class);
  }

  @Test
  void anotherProgramSeesTheNewObjectThoughTheOldOneIsInTheCache() throws IOException {
    SERVER.put("scans", "renewed.txt", "old".getBytes(StandardCharsets.UTF_8));
    assertThat(Files.readString(Locations.path("s3://scans/renewed.txt"))).isEqualTo("old");
    Requests.take();
    assertThat(Files.readString(newProgram("s3://scans/renewed.txt"))).isEqualTo("old");
    assertThat(Requests.take()).containsExactly("GET /scans/renewed.txt"); // "not modified"
    SERVER.put("scans", "renewed.txt", "new".getBytes(StandardCharsets.UTF_8));
    assertThat(Files.readString(newProgram("s3://scans/renewed.txt"))).isEqualTo("new");
  }

  /** A path of a provider without memory. */
  private static Path newProgram(String uri) {
    return new S3Provider().getPath(URI.create(uri));
  }

  @Test
  void whatIsNotThereIsMissingAndNothingElse() {
    Path none = Locations.path("s3://scans/none/at/all.nii");
    assertThat(Files.exists(none)).isFalse();
    assertThatThrownBy(() -> Files.readAllBytes(none))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("s3://scans/none/at/all.nii");
    assertThatThrownBy(() -> Files.readAllBytes(Locations.path("s3://no-such-bucket/a")))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("s3://no-such-bucket/a");
    assertThatThrownBy(() -> VolumeReaders.read(none)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aWrongSecretIsOneMessageThatDoesNotShowIt() {
    System.setProperty("aws.secretAccessKey", "another-secret");
    try {
      Path remote = newProgram("s3://scans/a.nii");
      assertThatThrownBy(() -> Files.exists(remote)) // which takes an IOException for a no
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("s3://scans/a.nii may not be read with these credentials")
          .hasMessageNotContaining("another-secret")
          .hasMessageNotContaining(S3Server.KEY);
      assertThatThrownBy(() -> Files.readAllBytes(remote))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("(SignatureDoesNotMatch)");
    } finally {
      System.setProperty("aws.secretAccessKey", S3Server.SECRET);
    }
  }

  @Test
  void aStoreThatDoesNotAnswerIsOneMessage() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    withEndpoint(
        "http://127.0.0.1:" + port,
        () ->
            assertThatThrownBy(() -> Files.exists(newProgram("s3://scans/a.nii")))
                .isInstanceOf(T3dException.class)
                .hasMessageStartingWith(
                    "The store http://127.0.0.1:" + port + " of s3://scans does not answer")
                .hasMessageContaining("is AWS_ENDPOINT_URL_S3 right"));
  }

  private static void withEndpoint(String address, Runnable test) {
    System.setProperty("aws.endpointUrlS3", address);
    try {
      test.run();
    } finally {
      System.setProperty("aws.endpointUrlS3", SERVER.address().toString());
    }
  }

  @Test
  void passingFaultsAreTriedAgain() throws IOException {
    AtomicInteger tries = new AtomicInteger();
    HttpServer faulty =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    faulty.createContext(
        "/",
        exchange -> {
          boolean fault = tries.incrementAndGet() <= 2;
          exchange.getResponseHeaders().set("ETag", "\"1\"");
          exchange.sendResponseHeaders(fault ? 503 : 200, fault ? -1 : 4);
          if (!fault) {
            exchange.getResponseBody().write("four".getBytes(StandardCharsets.UTF_8));
          }
          exchange.close();
        });
    faulty.start();
    try {
      withEndpoint(
          "http://127.0.0.1:" + faulty.getAddress().getPort(),
          () ->
              assertThat(newProgram("s3://faults/x"))
                  .satisfies(path -> assertThat(Files.readString(path)).isEqualTo("four")));
      assertThat(tries.get()).isEqualTo(3);
    } finally {
      faulty.stop(0);
    }
  }

  @Test
  void aCacheThatCannotBeWrittenIsOneMessage() throws IOException {
    SERVER.put("scans", "to-nowhere.txt", "x".getBytes(StandardCharsets.UTF_8));
    String folder = System.getProperty("t3d.cache.dir");
    Path file = Files.writeString(dir.resolve("file"), "");
    System.setProperty("t3d.cache.dir", file.resolve("below").toString());
    try {
      assertThatThrownBy(() -> Files.readString(newProgram("s3://scans/to-nowhere.txt")))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("The cache " + file.resolve("below") + " cannot take")
          .hasMessageContaining("T3D_CACHE_DIR");
    } finally {
      System.setProperty("t3d.cache.dir", folder);
    }
  }

  @Test
  void pathsKeepTheirFormAndRefuseNamesAndPasswords() {
    Path path = Locations.path("s3://scans/a b/ü%20?#.nii.gz");
    assertThat(path).hasToString("s3://scans/a b/ü%20?#.nii.gz");
    assertThat(path.getParent()).hasToString("s3://scans/a b");
    assertThat(path.resolveSibling("c.nii")).hasToString("s3://scans/a b/c.nii");
    assertThat(path.getParent().resolve("../x").normalize()).hasToString("s3://scans/x");
    assertThat(path.getRoot().relativize(path)).hasToString("a b/ü%20?#.nii.gz");
    assertThat(path.startsWith(path.getParent())).isTrue();
    assertThat(Path.of("/tmp").startsWith(path)).isFalse();
    assertThat(Path.of(path.toUri())).isEqualTo(path);
    assertThatThrownBy(() -> Locations.path("s3://key:secret@scans/a"))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("must hold no name and password")
        .hasMessageNotContaining("secret@");
    assertThatThrownBy(() -> Locations.path("gs://bucket/a"))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("Nothing on the class path reads gs://");
  }

  @Test
  void aChannelReadsAtAnyPlace() throws IOException {
    byte[] bytes = new byte[RemoteFiles.BEGINNING + 1000];
    new java.util.Random(1).nextBytes(bytes);
    SERVER.put("scans", "places.bin", bytes);
    SERVER.put("scans", "empty.bin", new byte[0]);
    try (FileChannel in = FileChannel.open(Locations.path("s3://scans/places.bin"))) {
      var part = ByteBuffer.allocate(20);
      assertThat(in.size()).isEqualTo(bytes.length);
      assertThat(in.read(part, RemoteFiles.BEGINNING - 5)).isPositive();
      while (part.hasRemaining()) {
        in.read(part, RemoteFiles.BEGINNING - 5 + part.position());
      }
      for (int i = 0; i < 20; i++) {
        assertThat(part.get(i)).isEqualTo(bytes[RemoteFiles.BEGINNING - 5 + i]);
      }
      assertThat(in.map(FileChannel.MapMode.READ_ONLY, 3, 1).get()).isEqualTo(bytes[3]);
    }
    assertThat(Files.readAllBytes(Locations.path("s3://scans/places.bin"))).isEqualTo(bytes);
    assertThat(Files.readAllBytes(Locations.path("s3://scans/empty.bin"))).isEmpty();
  }

  @Test
  void ofManyNeighboursEachIsNotAskedFor() throws IOException {
    for (int i = 0; i < 60; i++) {
      SERVER.put("scans", "many/" + i + ".nii", new byte[] {1});
      SERVER.put("scans", "many-zarr/" + i + ".zarr/.zarray", new byte[] {1});
    }
    Requests.take();
    for (int i = 0; i < 60; i++) {
      assertThat(Files.isRegularFile(Locations.path("s3://scans/many/" + i + ".nii"))).isTrue();
    }
    assertThat(Requests.take()).hasSizeLessThan(12);
    for (int i = 0; i < 60; i++) {
      assertThat(Files.isDirectory(Locations.path("s3://scans/many-zarr/" + i + ".zarr"))).isTrue();
    }
    assertThat(Requests.take()).hasSizeLessThan(20);
    SERVER.put("scans", "many/late.nii", new byte[] {1});
    assertThat(Files.exists(Locations.path("s3://scans/many/late.nii"))).isTrue();
    assertThat(Files.exists(Locations.path("s3://scans/many/none.nii"))).isFalse();
  }

  @Test
  void whatOnlyOpensOnADiskIsCopiedThereAndTheCopyGoes() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    SERVER.put("scans", "npz/scan.npz", npz(2, 3, 4));
    Volume read = VolumeReaders.read(Locations.path("s3://scans/npz/scan.npz"));
    assertThat(read.voxels()).hasSize(24).contains(0, 1, 23);
    SERVER.put("scans", "npz/half.npz", new byte[] {'P', 'K', 3, 4});
    assertThatThrownBy(() -> VolumeReaders.read(Locations.path("s3://scans/npz/half.npz")))
        .hasMessageStartingWith("s3://scans/npz/half.npz: ")
        .hasMessageNotContaining("t3d-remote-");
    try (var left = Files.list(temporary)) {
      assertThat(left.map(f -> f.getFileName().toString()))
          .noneMatch(name -> name.startsWith("t3d-remote-"));
    }
  }

  /** An array {@code ct} of int16, numbered, as RAD-ChestCT's files have it. */
  private static byte[] npz(int depth, int height, int width) throws IOException {
    String header =
        "{'descr': '<i2', 'fortran_order': False, 'shape': (%d, %d, %d), }"
            .formatted(depth, height, width);
    header += " ".repeat(64 - (10 + header.length() + 1) % 64) + "\n";
    ByteBuffer array =
        ByteBuffer.allocate(10 + header.length() + 2 * depth * height * width)
            .order(ByteOrder.LITTLE_ENDIAN);
    array.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII));
    array.put((byte) 1).put((byte) 0).putShort((short) header.length());
    array.put(header.getBytes(StandardCharsets.US_ASCII));
    for (short i = 0; i < depth * height * width; i++) {
      array.putShort(i);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry("ct.npy"));
      zip.write(array.array());
    }
    return out.toByteArray();
  }
}

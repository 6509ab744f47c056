package io.t3d.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.io.VolumeReaders;
import io.t3d.pipeline.TrainedModel;
import io.t3d.serve.config.ServeSettings;
import io.t3d.serve.config.UploadLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is too large is refused before it is in memory, and leaves nothing behind. */
class UploadBoundsTest {
  private static final int MIB = 1 << 20;

  @TempDir static Path dir;
  private static TrainedModel model;
  private static Path temporary;
  private static byte[] volume;
  private static T3dServer server;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    model = Phantoms.model();
    volume = Files.readAllBytes(Phantoms.write(dir.resolve("ct"), 1).get(0));
    temporary = Files.createDirectory(dir.resolve("temporary"));
    server =
        T3dServer.builder(model)
            .settings(
                ServeSettings.builder()
                    .port(0)
                    .temporary(temporary)
                    .upload(new UploadLimits(3 * MIB, 1L << 30, 20))
                    .build())
            .start();
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  @AfterEach
  void nothingIsLeftOnDisk() throws IOException {
    try (Stream<Path> files = Files.list(temporary)) {
      assertThat(files).isEmpty();
    }
    assertThat(dir.resolve("evil.nii")).doesNotExist();
  }

  /** A gzip of many members, each a MiB of zeros: quickly made. */
  private static byte[] zeros(int mebibytes) throws IOException {
    byte[] one = gzip(new byte[MIB]);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < mebibytes; i++) {
      out.write(one);
    }
    return out.toByteArray();
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    }
    return out.toByteArray();
  }

  private interface Entries {
    void write(ZipOutputStream zip) throws IOException;
  }

  private static byte[] zip(Entries entries) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      entries.write(zip);
    }
    return out.toByteArray();
  }

  private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }

  @Test
  void aBodyOverTheBoundIsRefusedWhetherItSaysItsLengthOrNot() throws Exception {
    byte[] large = new byte[3 * MIB + 1];
    assertThat(client.volume("/v1/embed", large).problem(413)).contains("3145728 bytes");
    assertThat(
            client
                .send(
                    client
                        .request("/v1/embed")
                        .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large))))
                .problem(413))
        .contains("3145728 bytes");
    assertThat(client.form("/v1/embed", large, "").problem(413)).contains("bytes");
  }

  @Test
  void twoGigabytesOfZerosAreRefused() throws Exception {
    assertThat(client.volume("/v1/embed", zeros(2048)).problem(413)).contains("unpacks");
  }

  @Test
  void aHeaderThatClaimsTooMuchIsRefused() throws Exception {
    byte[] header = new byte[352];
    java.nio.ByteBuffer h =
        java.nio.ByteBuffer.wrap(header).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    h.putInt(0, 348);
    h.putShort(40, (short) 3).putShort(42, (short) 1000).putShort(44, (short) 1000);
    h.putShort(46, (short) 1000).putShort(70, (short) 4).putShort(72, (short) 16);
    h.putFloat(76, 1).putFloat(80, 1).putFloat(84, 1).putFloat(88, 1).putFloat(108, 352);
    h.put(344, (byte) 'n').put(345, (byte) '+').put(346, (byte) '1');
    assertThat(client.volume("/v1/embed", gzip(header)).problem(413)).contains("unpacks");
    h.putFloat(108, 2e9f);
    assertThat(client.volume("/v1/embed", gzip(header)).problem(413)).contains("unpacks");
  }

  @Test
  void zerosBehindTheVoxelsEndSomewhere() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(volume);
    out.write(zeros(1100));
    assertThat(client.volume("/v1/embed", out.toByteArray()).problem(422))
        .contains("follow the voxels");
  }

  @Test
  void aZipBombIsRefused() throws Exception {
    byte[] bomb =
        zip(
            z -> {
              z.putNextEntry(new ZipEntry("slice.dcm"));
              byte[] block = new byte[MIB];
              for (int i = 0; i < 1100; i++) {
                z.write(block);
              }
              z.closeEntry();
            });
    assertThat(client.volume("/v1/embed", bomb).problem(413)).contains("unpacks");
  }

  @Test
  void tooManyEntriesAreRefused() throws Exception {
    byte[] many =
        zip(
            z -> {
              for (int i = 0; i < 21; i++) {
                entry(z, "slice" + i + ".dcm", new byte[] {1});
              }
            });
    assertThat(client.volume("/v1/embed", many).problem(413)).contains("20 entries, got 21");
  }

  @Test
  void namesThatLeadOutOfTheZipAreRefused() throws Exception {
    for (String name :
        List.of("../evil.nii", "../../evil.nii", "/evil.nii", "a/../../evil.nii", "..\\evil.nii")) {
      byte[] evil = zip(z -> entry(z, name, new byte[] {1}));
      assertThat(client.volume("/v1/embed", evil).problem(422)).contains("leads out");
    }
  }

  @Test
  void aDamagedZipIsAProblem() throws Exception {
    byte[] good = zip(z -> entry(z, "a.nii.gz", volume));
    byte[] cut = java.util.Arrays.copyOf(good, good.length / 2);
    assertThat(client.volume("/v1/embed", cut).problem(422)).contains("zip");
  }

  @Test
  void aZipOfOneVolumeIsThatVolume() throws Exception {
    byte[] one = zip(z -> entry(z, "study/ct.nii.gz", volume));
    Path file = Files.write(dir.resolve("same.nii.gz"), volume);
    assertThat(VolumeReaders.supports(file)).isTrue();
    assertThat(client.volume("/v1/embed", one).floats("embedding"))
        .containsExactly(model.embed(file)[0]);
  }
}

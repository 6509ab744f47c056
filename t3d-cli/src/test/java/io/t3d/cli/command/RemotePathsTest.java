package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.t3d.cli.T3dCommand;
import io.t3d.data.phantom.generate.PhantomDataset;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Arguments of commands that name another file system than this machine's. What stores do is tested
 * in t3d-remote, against servers.
 */
class RemotePathsTest {
  @TempDir private Path dir;

  private record Run(int code, String out, String err) {
    static Run of(String... words) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      int code = T3dCommand.run(new PrintWriter(out), new PrintWriter(err), words);
      return new Run(code, out.toString(), err.toString());
    }
  }

  @Test
  void aManifestOfAnotherFileSystemIsTrainedOnAsOneOfThisMachine() throws IOException {
    Path here = PhantomDataset.write(dir.resolve("set"), 4, 5);
    try (FileSystem memory = Jimfs.newFileSystem("store", Configuration.unix());
        Stream<Path> files = Files.walk(here.getParent())) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path to = memory.getPath("/set/" + here.getParent().relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.copy(file, to);
        }
      }
      Path config =
          Files.writeString(
              dir.resolve("c.yaml"),
              """
              preset: tiny
              data:
                batchSize: 2
                threads: 1
              training:
                epochs: 1
              """);
      for (String place : new String[] {here.toString(), "jimfs://store/set/manifest.csv"}) {
        Path out = dir.resolve(place.startsWith("jimfs") ? "there" : "here");
        Run run =
            Run.of(
                "pretrain", "--config", config + "", "--manifest", place, "--out", out.toString());
        assertThat(run.err()).doesNotContain("error: ");
        assertThat(run.code()).isZero();
      }
      assertThat(loss(dir.resolve("there"))).isEqualTo(loss(dir.resolve("here")));
    }
  }

  private static String loss(Path run) throws IOException {
    return Files.readAllLines(run.resolve("log.csv")).get(1).split(",", -1)[3];
  }

  @Test
  void aStoreThatDoesNotAnswerIsOneLine() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    System.setProperty("aws.endpointUrlS3", "http://127.0.0.1:" + port);
    System.setProperty("aws.accessKeyId", "some-key");
    System.setProperty("aws.secretAccessKey", "some-secret");
    Path table = dir.resolve("table.csv");
    Run run = Run.of("inspect", "--all", "s3://scans/ct", "--table", table.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err().strip())
        .hasLineCount(1)
        .startsWith("error: The store http://127.0.0.1:" + port + " of s3://scans does not answer");
    assertThat(table).doesNotExist();
  }

  @Test
  void outputsStayOnThisMachine() throws IOException {
    Path manifest = PhantomDataset.write(dir.resolve("set"), 2, 5);
    Run run =
        Run.of("preprocess", "--manifest", manifest.toString(), "--out", "s3://scans/prepared");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo(
            "error: s3://scans/prepared is remote, where nothing is written; name a folder of this"
                + " machine\n");
  }

  @Test
  void aPlaceThatNothingReadsIsAWrongArgument() {
    Run run = Run.of("inspect", "gs://scans/a.nii");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .contains("Nothing on the class path reads gs://; add io.t3d:t3d-remote")
        .doesNotContain("T3dException");
  }
}

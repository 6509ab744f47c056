package io.t3d.cli.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.T3dCommand;
import io.t3d.cli.command.CommandRun;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ViewCommandTest {
  @TempDir Path dir;

  private Path scan(String name, double x) throws IOException {
    float[] voxels = new float[8 * 8 * 8];
    Arrays.fill(voxels, 0, 100, -1000);
    Arrays.fill(voxels, 100, 300, 1);
    Path file = dir.resolve(name);
    Affine affine = Affine.scaleTranslate(2, 2, 3, x, 0, 0);
    VolumeWriters.write(file, new Volume(voxels, 8, 8, 8, affine), PixelType.INT16);
    return file;
  }

  @Test
  void aScanThatCannotBeReadIsOneLineAndAnExitCode() throws IOException {
    Path broken = Files.writeString(dir.resolve("broken.nii.gz"), "no scan");
    for (Path bad : new Path[] {broken, dir.resolve("none.nii.gz"), dir}) {
      CommandRun run = CommandRun.of("view", bad, "--no-browser");
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err()).startsWith("error: ").contains(bad.getFileName().toString());
      assertThat(run.err().strip().lines()).as(run.err()).hasSize(1);
      assertThat(run.out()).isEmpty();
    }
  }

  @Test
  void otherMistakesAreOneLineToo() throws IOException {
    Path scan = scan("scan.nii.gz", 0);
    Path elsewhere = scan("elsewhere.nii.gz", 400);
    fails("must lie on its volume's voxels", scan, "--mask", elsewhere);
    fails("No checkpoint at", scan, "--checkpoint", dir.resolve("none"));
    fails("give --mask too", scan, "--label", "1=lung");
    fails("port must be between 0", scan, "--port", 70_000);
    assertThat(CommandRun.of("view", scan, "--window", "lnug").err()).contains("did you mean lung");
  }

  private static void fails(String message, Object... arguments) {
    Object[] all = new Object[arguments.length + 2];
    all[0] = "view";
    all[1] = "--no-browser";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    CommandRun run = CommandRun.of(all);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).startsWith("error: ").contains(message);
    assertThat(run.err().strip().lines()).as(run.err()).hasSize(1);
  }

  @Test
  void theAddressIsPrintedAndServedUntilTheCommandIsInterrupted() throws Exception {
    Path scan = scan("scan.nii.gz", 0);
    Path mask = scan("mask.nii.gz", 0);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CompletableFuture<Integer> code = new CompletableFuture<>();
    String[] words = {
      "view", scan.toString(), "--mask", mask.toString(), "--label", "1=lung", "--no-browser"
    };
    Thread command =
        new Thread(
            () -> code.complete(T3dCommand.run(new PrintWriter(out), new PrintWriter(err), words)));
    command.start();
    try {
      URI address = URI.create(firstLine(out, code));
      assertThat(address.getHost()).isEqualTo("127.0.0.1");
      HttpResponse<String> overview =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(address.resolve("overview")).build(),
                  BodyHandlers.ofString());
      assertThat(overview.statusCode()).as(overview.body()).isEqualTo(200);
      assertThat(overview.body()).contains("scan.nii.gz", "lung", "Label -1000");
    } finally {
      command.interrupt();
    }
    assertThat(code.get(30, TimeUnit.SECONDS)).as(err.toString()).isZero();
    assertThat(out.toString()).contains("Only this machine can open it");
  }

  private static String firstLine(StringWriter out, CompletableFuture<Integer> code)
      throws InterruptedException {
    for (int i = 0; i < 600 && !code.isDone() && !out.toString().contains("\n"); i++) {
      Thread.sleep(50);
    }
    return out.toString().lines().findFirst().orElse("nothing printed");
  }

  @Test
  void theBrowserIsSentThroughAFileOfTheUsersOwn() throws IOException {
    URI address = URI.create("http://127.0.0.1:1/secret/");
    Path page;
    try (Browser browser = Browser.at(address)) {
      page = browser.page();
      assertThat(page).content().contains("url=" + address + "\"");
      assertThat(Browser.command("Linux", page)).containsExactly("xdg-open", page.toString());
      assertThat(Browser.command("Mac OS X", page)).containsExactly("open", page.toString());
      assertThat(Browser.command("Windows 11", page)).hasSize(3).startsWith("rundll32");
      if (Files.getFileStore(page).supportsFileAttributeView("posix")) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page.getParent())))
            .isEqualTo("rwx------");
      }
    }
    assertThat(page.getParent()).doesNotExist();
  }
}

package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackedNativesTest {
  @TempDir Path dir;
  private Path source;
  private Path cache;

  @BeforeEach
  void makeSource() throws IOException {
    source = Files.writeString(dir.resolve("source"), "0123456789");
    cache = dir.resolve("not/yet/there");
  }

  private UnpackedNatives natives() throws IOException {
    return new UnpackedNatives(
        cache,
        "natives",
        List.of(
            UnpackedNatives.Item.of("a/one.so", source.toUri().toURL()),
            UnpackedNatives.Item.of("b/two.so", source.toUri().toURL())));
  }

  @Test
  void unpacksOnce() throws IOException {
    assertThat(natives().isWhole()).isFalse();
    Path folder = natives().make();
    assertThat(folder.resolve("a/one.so")).hasContent("0123456789");
    assertThat(folder.resolve("b/two.so")).hasContent("0123456789");
    FileTime old = FileTime.fromMillis(1000);
    Files.setLastModifiedTime(folder.resolve("a/one.so"), old);
    assertThat(natives().make()).isEqualTo(folder);
    assertThat(Files.getLastModifiedTime(folder.resolve("a/one.so"))).isEqualTo(old);
  }

  @Test
  void whatIsCutOffOrGoneIsMadeAnew() throws IOException {
    Path folder = natives().make();
    Files.writeString(folder.resolve("a/one.so"), "012");
    assertThat(natives().make().resolve("a/one.so")).hasContent("0123456789");
    Files.delete(folder.resolve("b/two.so"));
    assertThat(natives().make().resolve("b/two.so")).hasContent("0123456789");
  }

  @Test
  void whatAKilledProcessLeftIsNotTaken() throws IOException {
    Path half = natives().folder().resolveSibling("." + natives().folder().getFileName() + "-new");
    Files.createDirectories(half.resolve("a"));
    Files.writeString(half.resolve("a/one.so"), "012");
    Path folder = natives().make();
    assertThat(folder.resolve("a/one.so")).hasContent("0123456789");
    assertThat(half).doesNotExist();
  }

  @Test
  void otherFilesGoToAnotherFolder() throws IOException {
    Path first = natives().make();
    Files.writeString(source, "a longer one");
    assertThat(natives().make()).isNotEqualTo(first);
    assertThat(first.resolve("a/one.so")).hasContent("0123456789");
  }

  @Test
  void manyAtOnceMakeOne() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Path>> makers = List.of(natives()::make, natives()::make, natives()::make);
      for (Future<Path> each : threads.invokeAll(makers)) {
        assertThat(each.get().resolve("b/two.so")).hasContent("0123456789");
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void anotherProcessIsWaitedFor() throws Exception {
    Path lock = natives().folder().resolveSibling("." + natives().folder().getFileName() + ".lock");
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LockProbe.class.getName(),
                lock.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("locked");
      Future<Path> made = threads.submit(() -> natives().make());
      Thread.sleep(300);
      assertThat(made.isDone()).isFalse();
      other.getOutputStream().close();
      assertThat(made.get().resolve("a/one.so")).hasContent("0123456789");
    } finally {
      other.destroyForcibly();
      threads.shutdownNow();
    }
  }

  @Test
  void aDiskThatIsTooSmallIsAnErrorBeforeAnythingIsWritten() throws IOException {
    UnpackedNatives natives = natives();
    assertThatThrownBy(() -> natives.requireSpace(19))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("The CUDA natives need")
        .hasMessageContaining("DJL_CACHE_DIR");
    natives.requireSpace(20);
  }
}

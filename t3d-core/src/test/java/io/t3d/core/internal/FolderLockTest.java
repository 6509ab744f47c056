package io.t3d.core.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
  @TempDir Path dir;
  private Path out;

  @BeforeEach
  void nameTheFolder() {
    out = dir.resolve("out");
  }

  @Test
  void aSecondRunInThisJvmIsRefusedUntilTheFirstEnds() throws IOException {
    try (FolderLock lock = FolderLock.take(out)) {
      assertThatThrownBy(() -> FolderLock.take(out.resolve("../out")))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("is being written by another run of t3d");
      assertThatThrownBy(() -> inAnotherThread(() -> FolderLock.join(out).close()))
          .hasRootCauseInstanceOf(T3dException.class);
      Files.writeString(out.resolve("log.csv"), "");
    }
    FolderLock.take(out).close();
    assertThat(out.resolve("log.csv")).exists();
  }

  @Test
  void aFolderMadeForNothingGoesAgain() throws IOException {
    FolderLock.take(out).close();
    FolderLock.join(out).close();
    FolderLock.hold(out).close();
    assertThat(out).doesNotExist();
  }

  @Test
  void whatIsCalledByTheHolderJoinsItOnce() throws IOException {
    try (FolderLock lock = FolderLock.take(out);
        FolderLock.Held held = FolderLock.hold(out)) {
      try (FolderLock.Held joined = FolderLock.join(out)) {
        assertThat(FolderLock.isMine(out)).isTrue();
        assertThatThrownBy(() -> FolderLock.join(out)).isInstanceOf(T3dException.class);
        assertThatThrownBy(() -> FolderLock.hold(out)).isInstanceOf(T3dException.class);
      }
      FolderLock.join(out).close();
    }
    assertThat(out).doesNotExist();
  }

  @Test
  void anotherProcessIsKeptOutUntilItsHolderIsKilled() throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                out.toString())
            .redirectErrorStream(true)
            .start();
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("held");
      assertThatThrownBy(() -> FolderLock.take(out))
          .isInstanceOf(T3dException.class)
          .hasMessage(
              out
                  + " is being written by another run of t3d; wait for it to end, or choose another"
                  + " output folder");
    } finally {
      other.destroyForcibly();
      assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
    FolderLock.take(out).close();
  }

  /** Holds a folder until it is killed. */
  static final class Holder {
    public static void main(String[] args) throws Exception {
      try (FolderLock lock = FolderLock.take(Path.of(args[0]))) {
        System.out.println("held");
        Thread.sleep(TimeUnit.MINUTES.toMillis(2));
      }
    }
  }

  @Test
  void aLockOfOtherCodeInThisJvmCountsToo() throws IOException {
    Files.createDirectories(out);
    try (FileChannel channel =
        FileChannel.open(
            out.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThat(channel.lock().isValid()).isTrue();
      assertThatThrownBy(() -> FolderLock.take(out)).isInstanceOf(T3dException.class);
    }
  }

  @Test
  void aFolderThatNobodyWroteIntoIsRemovedIfItWasNotThere() throws IOException {
    FolderLock.take(out).close();
    assertThat(out).doesNotExist();
    Files.createDirectories(out);
    FolderLock.take(out).close();
    assertThat(out).exists();
  }

  private interface Action {
    void run() throws IOException;
  }

  private static void inAnotherThread(Action action) {
    CompletableFuture.runAsync(
            () -> {
              try {
                action.run();
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            })
        .join();
  }
}

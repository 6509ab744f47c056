package io.t3d.data.itk.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.itk.DicomFile;
import io.t3d.data.itk.DicomReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("itk")
class WorkerPoolTest {
  private static final String NONSENSE =
      ": the decoder's answer to this input makes no sense; the file is damaged";

  @TempDir Path dir;

  @Test
  void aCrashNamesTheFileAndTheSignal() throws IOException {
    Path file = Files.createFile(dir.resolve("a.dcm"));
    try (WorkerPool pool =
        pool(settings(60), "/bin/sh", "-c", "head -c 4 >/dev/null; kill -ABRT $$")) {
      assertThatThrownBy(() -> pool.ask(scan(file), List.of(file), 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(
              file
                  + ": the decoder process ended with signal 6 on this input; the file is damaged");
    }
  }

  @Test
  void aCrashNamesTheFileThatWasInWork() throws IOException {
    Path first = Files.createFile(dir.resolve("a.dcm"));
    Path second = Files.createFile(dir.resolve("b.dcm"));
    // A progress frame for the second file, then the end.
    String fake =
        "head -c 4 >/dev/null; printf '\\005\\000\\000\\000\\372\\001\\000\\000\\000'; kill -SEGV $$";
    try (WorkerPool pool = pool(settings(60), "/bin/sh", "-c", fake)) {
      assertThatThrownBy(() -> pool.ask(scan(first, second), List.of(first, second), 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(
              second
                  + ": the decoder process ended with signal 11 on this input; the file is"
                  + " damaged");
    }
  }

  @Test
  void aHangIsEnded() throws IOException {
    Path file = Files.createFile(dir.resolve("a.dcm"));
    try (WorkerPool pool = pool(settings(1), "/bin/sleep", "1000")) {
      assertThatThrownBy(() -> pool.ask(scan(file), List.of(file), 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(
              file
                  + ": the decoder did nothing for 1 s on this input and was ended; the file is"
                  + " damaged, or raise -Dt3d.itk.timeoutSeconds");
    }
    assertThat(ProcessHandle.current().children().filter(WorkerPoolTest::sleeps)).isEmpty();
  }

  private static boolean sleeps(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("/sleep");
  }

  @Test
  void nonsenseFromAWorkerIsAFailureOfThatInput() throws IOException {
    Path file = Files.createFile(dir.resolve("a.dcm"));
    String fake = "head -c 4 >/dev/null; echo nonsense from a library";
    try (WorkerPool pool = pool(settings(60), "/bin/sh", "-c", fake)) {
      assertThatThrownBy(() -> pool.ask(scan(file), List.of(file), 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(file + NONSENSE);
    }
  }

  /** Frames as printf writes them: a length in little-endian, then a status and what follows. */
  @ParameterizedTest
  @CsvSource({
    "a negative length, \\377\\377\\377\\377",
    "no content, \\000\\000\\000\\000",
    "an unknown status, \\011\\000\\000\\000M\\000\\000\\000\\000\\000\\000\\000\\000",
    "a failure without text, \\005\\000\\000\\000\\001\\000\\000\\000\\000",
    "a text longer than the frame, "
        + "\\011\\000\\000\\000\\001\\000\\000\\000\\000\\377\\377\\377\\177",
    "a file before the first, \\005\\000\\000\\000\\001\\377\\377\\377\\377",
    "progress without a file, \\001\\000\\000\\000\\372",
    "an answer that is too short, \\003\\000\\000\\000\\000ab",
  })
  void aGarbageFrameIsAFailureOfThatInputAndThePoolRecovers(String what, String frame)
      throws IOException {
    assertRecovers("printf '" + frame + "'; sleep 60", NONSENSE);
  }

  @Test
  void deathWithinAFrameIsAFailureOfThatInputAndThePoolRecovers() throws IOException {
    assertRecovers(
        "printf '\\144\\000\\000\\000\\000ab'; kill -SEGV $$",
        ": the decoder process ended with signal 11 on this input; the file is damaged");
  }

  @Test
  void anAnswerWithoutVoxelsIsAFailureOfThatInput() throws IOException {
    Path file = Files.createFile(dir.resolve("a.dcm"));
    String fake = "head -c 4 >/dev/null; printf '\\001\\000\\000\\000\\000'; sleep 60";
    try (WorkerPool pool = pool(settings(60), "/bin/sh", "-c", fake)) {
      assertThatThrownBy(
              () -> pool.askVoxels(p -> scan(file), List.of(file), 0, (answer, voxels) -> 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(file + ": the decoder gave no voxels of this input; the file is damaged");
    }
  }

  /** The first worker does as told, each later one is real; one slot, so that it must be freed. */
  private void assertRecovers(String first, String problem) throws IOException {
    Path file = DicomFile.slice(0, 0).write(dir.resolve("a.dcm"));
    Path marker = dir.resolve("first");
    String script =
        "if mkdir %s 2>/dev/null; then head -c 4 >/dev/null; %s; else exec %s 2048; fi"
            .formatted(marker, first, ItkNatives.worker());
    WorkerSettings one = new WorkerSettings(1, Duration.ofSeconds(60), 2048, dir);
    try (WorkerPool pool = pool(one, "/bin/sh", "-c", script)) {
      assertThatThrownBy(() -> pool.ask(scan(file), List.of(file), 0, ByteBuffer::getInt))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(file + problem);
      assertThat(pool.ask(scan(file), List.of(file), 0).remaining()).isPositive();
    }
  }

  @Test
  void aWorkerThatDiedIsReplaced() throws IOException {
    Path file = DicomFile.slice(0, 0).write(dir.resolve("a.dcm"));
    try (WorkerPool pool = real(settings(60))) {
      assertThat(pool.ask(scan(file), List.of(file), 0).remaining()).isPositive();
      List<ProcessHandle> workers = workers();
      assertThat(workers).hasSize(1);
      workers.get(0).destroyForcibly();
      workers.get(0).onExit().join();

      assertThat(pool.ask(scan(file), List.of(file), 0).remaining()).isPositive();
      assertThat(workers()).hasSize(1).doesNotContainAnyElementsOf(workers);
    }
  }

  @Test
  void theMemoryOfAWorkerIsCapped() throws IOException {
    Path file = DicomFile.slice(0, 0).write(dir.resolve("a.dcm"));
    WorkerSettings small = new WorkerSettings(1, Duration.ofSeconds(60), 256, dir);
    try (WorkerPool pool = real(small)) {
      Message big = decode(dir.resolve("exchange"), file, 20_000, 20_000);
      assertThatThrownBy(() -> pool.ask(big, List.of(file), 0))
          .isInstanceOf(VolumeFormatException.class)
          .hasMessage(
              file
                  + ": decoding needs more than the 256 MiB that a decoder process may use; if the"
                  + " file is sound, raise -Dt3d.itk.memoryMiB");
      assertThat(pool.ask(scan(file), List.of(file), 0).remaining()).isPositive();
    }
  }

  @Test
  void missingSpaceIsSaidBeforeAnythingIsWritten() throws IOException {
    Path file = DicomFile.slice(0, 0).write(dir.resolve("a.dcm"));
    try (WorkerPool pool = real(settings(60))) {
      Message huge = decode(dir.resolve("exchange"), file, 2_000_000, 2_000_000);
      assertThatThrownBy(() -> pool.ask(huge, List.of(file), 0))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(
              file + ": no space for 8000000000000 bytes of voxels where they are handed over (")
          .hasMessageEndingWith("; free space there, or set -Dt3d.itk.exchange to another folder");
    }
  }

  @Test
  void workersEndWithTheirPipe() throws Exception {
    Process worker = new ProcessBuilder(ItkNatives.worker().toString(), "1024").start();
    worker.getOutputStream().close();
    assertThat(worker.waitFor()).isZero();
  }

  @Test
  void noWorkerLeavesAMemoryImage() throws IOException {
    Path file = DicomFile.slice(0, 0).write(dir.resolve("a.dcm"));
    try (WorkerPool pool = real(settings(60))) {
      assertThat(pool.ask(scan(file), List.of(file), 0).remaining()).isPositive();
      Path limits = Path.of("/proc", Long.toString(workers().get(0).pid()), "limits");
      assertThat(Files.readString(limits))
          .containsPattern("Max core file size +0 +0 ")
          .containsPattern("Max address space +2147483648 +2147483648 ");
    }
  }

  @Test
  void voxelsAreHandedOverInAPrivateFolderThatIsCleared() throws IOException {
    Path file = DicomFile.slice(0, 5).write(dir.resolve("a.dcm"));
    Path parent = Files.createDirectory(dir.resolve("exchange"));
    WorkerSettings settings = new WorkerSettings(1, Duration.ofSeconds(60), 2048, parent);
    try (WorkerPool pool = real(settings)) {
      Path folder = only(parent);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
          .isEqualTo("rwx------");
      short first =
          pool.askVoxels(
              path -> decode(Path.of(path), file, 2, 3),
              List.of(file),
              12,
              (answer, voxels) -> {
                assertThat(only(folder).getFileName()).hasToString("lock");
                return voxels.view(0, 12).getShort();
              });
      assertThat(first).isEqualTo((short) 5);
    }
    assertThat(parent).isEmptyDirectory();
  }

  @Test
  void theFolderOfADeadJvmIsRemoved() throws IOException {
    Path old = Files.createDirectory(dir.resolve("t3d-itk-1"));
    Files.createFile(old.resolve("lock"));
    Files.createFile(old.resolve("17"));
    try (WorkerPool live = real(settings(60));
        WorkerPool next = real(settings(60))) {
      assertThat(old).doesNotExist();
      try (Stream<Path> folders = Files.list(dir)) {
        assertThat(folders.filter(Files::isDirectory)).as("the live ones stay").hasSize(2);
      }
    }
  }

  @Test
  void threadsReadSideBySide() throws Exception {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      files.add(DicomFile.slice(0, 100 * i).write(dir.resolve(i + ".dcm")));
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<float[]>> results = new ArrayList<>();
    for (Path file : files) {
      results.add(threads.submit(() -> new DicomReader().read(file).voxels()));
    }
    for (int i = 0; i < 16; i++) {
      assertThat(results.get(i).get()[0]).isEqualTo(100f * i - 1024);
    }
    threads.shutdown();
  }

  private static Path only(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> all = entries.toList();
      assertThat(all).hasSize(1);
      return all.get(0);
    }
  }

  private WorkerSettings settings(int seconds) {
    return new WorkerSettings(2, Duration.ofSeconds(seconds), 2048, dir);
  }

  private static WorkerPool pool(WorkerSettings settings, String... command) throws IOException {
    return new WorkerPool(settings, List.of(command));
  }

  private static WorkerPool real(WorkerSettings settings) throws IOException {
    return pool(settings, ItkNatives.worker().toString(), Long.toString(settings.memoryMiB()));
  }

  /** Those of this test: the shared pool's are older. */
  private static List<ProcessHandle> workers() throws IOException {
    String executable = ItkNatives.worker().toString();
    return ProcessHandle.current()
        .children()
        .filter(p -> p.info().command().orElse("").equals(executable))
        .filter(p -> !SHARED.contains(p))
        .toList();
  }

  private static final List<ProcessHandle> SHARED = ProcessHandle.current().children().toList();

  private static Message scan(Path... files) {
    Message message = new Message(Message.Operation.DICOM_SCAN).u32(files.length);
    for (Path file : files) {
      message.text(file.toString());
    }
    return message;
  }

  private static Message decode(Path exchange, Path file, int rows, int columns) {
    return new Message(Message.Operation.DICOM_DECODE)
        .text(exchange.toString())
        .u32(rows)
        .u32(columns)
        .u32(2)
        .u64(1)
        .u32(1)
        .text(file.toString())
        .u32(1);
  }
}

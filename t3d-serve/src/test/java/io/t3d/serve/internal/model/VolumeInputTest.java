package io.t3d.serve.internal.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.RequestFolder;
import io.t3d.serve.internal.input.RequestVolume.Uploaded;
import io.t3d.serve.internal.input.VolumeReading;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeInputTest {
  @TempDir Path dir;

  private VolumeInput input(RequestFolder folder, RequestFolder.User owner, Duration time) {
    return new VolumeInput(
        new Uploaded(folder.path().resolve("volume.nii"), folder.path()),
        folder,
        owner,
        Deadline.in(time));
  }

  @Test
  void aReadThatIsGivenUpKeepsItsFolderUntilItEnds() throws Exception {
    RequestFolder folder = RequestFolder.make(dir);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch gate = new CountDownLatch(1);
    VolumeReading reading = new VolumeReading(1);
    try (RequestFolder.User owner = folder.use()) {
      VolumeInput input = input(folder, owner, Duration.ofMillis(300));
      assertThatThrownBy(
              () ->
                  reading.read(
                      () -> {
                        begun.countDown();
                        gate.await();
                        return 1;
                      },
                      input.lastReader(),
                      input.deadline()))
          .isInstanceOf(Refusal.class);
      begun.await();
    }
    // The request is over; its reader is not.
    assertThat(folder.path()).isDirectory();
    gate.countDown();
    assertThat(folder.awaitGone()).isTrue();
    assertThat(folder.path()).doesNotExist();
    assertThat(reading.stop(Duration.ofSeconds(20))).isTrue();
  }

  @Test
  void theFolderGoesWithItsLastReaderWhileTheRequestGoesOn() throws Exception {
    RequestFolder folder = RequestFolder.make(dir);
    Files.writeString(folder.path().resolve("volume.nii"), "voxels");
    try (RequestFolder.User owner = folder.use()) {
      RequestFolder.User reader = input(folder, owner, Duration.ofSeconds(9)).lastReader();
      assertThat(folder.path()).isDirectory();
      reader.close();
      assertThat(folder.path()).doesNotExist();
    }
  }
}

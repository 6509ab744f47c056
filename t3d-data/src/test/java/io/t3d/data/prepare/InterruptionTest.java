package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What waits for other threads ends when it is interrupted, and the thread stays interrupted. */
class InterruptionTest {
  @TempDir Path dir;

  private List<ManifestRow> rows() throws IOException {
    return Manifest.read(Studies.write(dir.resolve("raw"), 12)).rows();
  }

  @Test
  void preparationStopsAtTheNextStudy() throws IOException {
    List<ManifestRow> rows = rows();
    DatasetPreparation preparation = new DatasetPreparation(Studies.CONFIG, dir.resolve("out"), 1);
    try {
      assertThatThrownBy(() -> preparation.run(rows, done -> Thread.currentThread().interrupt()))
          .isInstanceOf(DataLoadingException.class)
          .hasMessage("Interrupted while preparing volumes")
          .hasCauseInstanceOf(InterruptedException.class);
    } finally {
      assertThat(Thread.interrupted()).as("the flag, which this clears").isTrue();
    }
  }

  @Test
  void checksStop() throws IOException {
    List<ManifestRow> rows = rows();
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> VolumeChecks.run(rows, Preprocessing.none(), 1))
          .isInstanceOf(DataLoadingException.class)
          .hasMessage("Interrupted while checking volumes")
          .hasCauseInstanceOf(InterruptedException.class);
    } finally {
      assertThat(Thread.interrupted()).as("the flag, which this clears").isTrue();
    }
  }
}

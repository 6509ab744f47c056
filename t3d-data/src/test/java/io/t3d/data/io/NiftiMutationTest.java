package io.t3d.data.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages a small file in every single place: the reader must never crash, hang or guess. */
class NiftiMutationTest {
  private static final int GZIP_HEADER = 10;
  private static final int[] FLIPS = {0xff, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80};

  @TempDir Path dir;

  private final byte[] plain = NiftiFiles.bytes(b -> {});

  @Test
  void everyTruncationIsAnErrorThatNamesTheFile() throws IOException {
    byte[] gz = NiftiFiles.gzip(plain);
    for (int length = 0; length < plain.length; length++) {
      assertRefused("t.nii", Arrays.copyOf(plain, length));
    }
    for (int length = 0; length < gz.length; length++) {
      assertRefused("t.nii.gz", Arrays.copyOf(gz, length));
    }
  }

  @Test
  void everyFlipGivesAVolumeOrAnIoException() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          for (int at = 0; at < plain.length; at++) {
            for (int flip : FLIPS) {
              tryRead("f.nii", flipped(plain, at, flip));
            }
          }
        });
  }

  @Test
  void everyFlipOfGzipDataIsAnErrorUnlessItChangesNothing() throws IOException {
    byte[] gz = NiftiFiles.gzip(plain);
    float[] want = tryRead("ok.nii.gz", gz).orElseThrow().voxels();
    for (int at = 0; at < gz.length; at++) {
      for (int flip : FLIPS) {
        Optional<Volume> got = tryRead("f.nii.gz", flipped(gz, at, flip));
        // A few bits of a deflate stream are padding; whatever is read must be what was written.
        got.ifPresent(v -> assertThat(v.voxels()).isEqualTo(want));
        if (at >= GZIP_HEADER && flip == 0xff) {
          assertThat(got).as("byte %d of %d", at, gz.length).isEmpty();
        }
      }
    }
  }

  private void assertRefused(String name, byte[] bytes) throws IOException {
    Path file = Files.write(dir.resolve(name), bytes);
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .as("length %d", bytes.length)
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(file.toString());
  }

  private Optional<Volume> tryRead(String name, byte[] bytes) throws IOException {
    Path file = Files.write(dir.resolve(name), bytes);
    try {
      return Optional.of(VolumeReaders.read(file));
    } catch (VolumeFormatException e) {
      assertThat(e).hasMessageContaining(name);
      return Optional.empty();
    } catch (RuntimeException | Error e) {
      return fail("Must be a VolumeFormatException", e);
    }
  }

  private static byte[] flipped(byte[] bytes, int at, int flip) {
    byte[] copy = bytes.clone();
    copy[at] ^= (byte) flip;
    return copy;
  }
}

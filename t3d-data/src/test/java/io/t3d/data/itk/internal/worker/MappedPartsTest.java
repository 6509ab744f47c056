package io.t3d.data.itk.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MappedPartsTest {
  @TempDir private Path dir;

  @Test
  @EnabledOnOs(OS.LINUX)
  void aPartHoldsItsBytesAndClosingUnmapsIt() throws IOException {
    Path file = Files.write(dir.resolve("voxels"), new byte[] {10, 11, 12, 13});
    try (FileChannel channel = FileChannel.open(file)) {
      MappedParts parts = MappedParts.open();
      ByteBuffer part = parts.map(channel, 1, 2);
      assertThat(part.capacity()).isEqualTo(2);
      assertThat(new byte[] {part.get(0), part.get(1)}).containsExactly(11, 12);
      assertThat(isMapped(file)).isTrue();
      parts.close();
      assertThat(isMapped(file)).isFalse();
    }
  }

  private static boolean isMapped(Path file) throws IOException {
    String name = file.toRealPath().toString();
    return Files.readAllLines(Path.of("/proc/self/maps")).stream().anyMatch(l -> l.endsWith(name));
  }
}

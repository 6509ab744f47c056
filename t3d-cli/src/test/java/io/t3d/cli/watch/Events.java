package io.t3d.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.hash.Hashing;
import com.google.common.io.LittleEndianDataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.util.Event;

/**
 * Reads event files by other means than those that write them: Guava's sums, TensorFlow's messages.
 */
final class Events {
  private Events() {}

  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.getFileName().toString().startsWith("events.out.tfevents."))
          .sorted()
          .toList();
    }
  }

  static List<Event> read(Path file) throws IOException {
    List<Event> events = new ArrayList<>();
    try (InputStream bytes = Files.newInputStream(file);
        LittleEndianDataInputStream in = new LittleEndianDataInputStream(bytes)) {
      while (bytes.available() > 0) {
        byte[] length = in.readNBytes(8);
        assertThat(in.readInt()).as("check sum of the length").isEqualTo(masked(length));
        long size = 0;
        for (int i = 7; i >= 0; i--) {
          size = (size << 8) | (length[i] & 0xff);
        }
        byte[] data = in.readNBytes((int) size);
        assertThat(in.readInt()).as("check sum of the data").isEqualTo(masked(data));
        events.add(Event.parseFrom(data));
      }
    }
    return events;
  }

  private static int masked(byte[] bytes) {
    long sum = Hashing.crc32c().hashBytes(bytes).padToLong();
    return (int) (((sum >>> 15) | ((sum << 17) & 0xffffffffL)) + 0xa282ead8L);
  }
}

package io.t3d.core.internal.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ElfFileTest {
  @TempDir Path dir;

  @Test
  void tellsWhatALibraryIsCalledAndNeeds() throws IOException {
    Path file = TinyLibrary.write(dir.resolve("any.so"), "libb.so.1", "liba.so.2", "libc.so.6");
    ElfFile found = ElfFile.read(file).orElseThrow();
    assertThat(found.soname()).contains("libb.so.1");
    assertThat(found.needed()).containsExactly("liba.so.2", "libc.so.6");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void readsLibrariesThatALinkerMade() throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "lib", "libnet.so");
    assertThat(ElfFile.read(java).orElseThrow().needed()).contains("libjava.so", "libc.so.6");
  }

  @Test
  void anotherFileIsNone() throws IOException {
    Path text = Files.writeString(dir.resolve("text"), "no library");
    byte[] half = Files.readAllBytes(TinyLibrary.write(dir.resolve("a.so"), "liba.so"));
    Path cut = Files.write(dir.resolve("cut.so"), java.util.Arrays.copyOf(half, 100));
    assertThat(List.of(ElfFile.read(text), ElfFile.read(cut)))
        .allSatisfy(each -> assertThat(each).isEmpty());
  }
}

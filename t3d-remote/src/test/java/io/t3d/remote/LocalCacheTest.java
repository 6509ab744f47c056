package io.t3d.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCacheTest {
  @TempDir private Path dir;

  private long bytes() throws IOException {
    try (var files = Files.walk(dir)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
    }
  }

  private static boolean has(LocalCache cache, String uri) throws IOException {
    var channel = cache.open(uri, "1");
    if (channel.isPresent()) {
      channel.get().close();
    }
    return channel.isPresent();
  }

  /** As if it had been used so many minutes ago. */
  private void age(String content, int minutes) throws IOException {
    try (var files = Files.walk(dir)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        if (Files.readString(file).startsWith(content)) {
          Files.setLastModifiedTime(
              file, FileTime.fromMillis(System.currentTimeMillis() - minutes * 60_000L));
        }
      }
    }
  }

  @Test
  void whatWasNotUsedForLongestGoesFirstAndTheBoundHolds() throws IOException {
    LocalCache cache = new LocalCache(dir, 1000);
    cache.put("a", "1", "a".repeat(400).getBytes(StandardCharsets.UTF_8));
    cache.put("b", "1", "b".repeat(400).getBytes(StandardCharsets.UTF_8));
    age("a", 30);
    age("b", 20);
    assertThat(has(cache, "a")).isTrue(); // used now
    cache.put("c", "1", "c".repeat(400).getBytes(StandardCharsets.UTF_8));
    assertThat(has(cache, "a")).isTrue();
    assertThat(has(cache, "b")).isFalse();
    assertThat(has(cache, "c")).isTrue();
    assertThat(bytes()).isLessThanOrEqualTo(1000);
  }

  @Test
  void aFetchThatFailsLeavesNothing() throws IOException {
    LocalCache cache = new LocalCache(dir, 1000);
    assertThatThrownBy(
            () ->
                cache.fetch(
                    "a",
                    "1",
                    100,
                    file -> {
                      Files.writeString(file, "half");
                      throw new IOException("cable");
                    }))
        .hasMessage("cable");
    assertThatThrownBy(() -> cache.fetch("a", "1", 100, file -> Files.writeString(file, "half")))
        .isInstanceOf(ObjectChangedException.class);
    assertThat(bytes()).isZero();
  }

  @Test
  void manyReadersInSeveralCachesOfOneFolderSeeWholeObjectsThoughTheBoundIsTight()
      throws Exception {
    List<LocalCache> caches = List.of(new LocalCache(dir, 2000), new LocalCache(dir, 2000));
    AtomicInteger fetched = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        LocalCache cache = caches.get(i % 2);
        String uri = "object" + i % 7;
        Callable<Boolean> read =
            () -> {
              try (FileChannel in =
                  cache.fetch(
                      uri,
                      "1",
                      500,
                      file -> {
                        fetched.incrementAndGet();
                        Files.writeString(file, uri.substring(6).repeat(500));
                      })) {
                ByteBuffer content = ByteBuffer.allocate(600);
                while (in.read(content) >= 0) {
                  // to the end
                }
                return new String(content.array(), 0, content.position(), StandardCharsets.UTF_8)
                    .equals(uri.substring(6).repeat(500));
              }
            };
        all.add(threads.submit(read));
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get(60, TimeUnit.SECONDS)).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(fetched.get()).isBetween(7, 400 * 3);
  }

  @Test
  void anotherVersionTakesThePlaceOfTheOld() throws IOException {
    LocalCache cache = new LocalCache(dir, 1000);
    cache.put("a", "\"etag-1\"", "one".getBytes(StandardCharsets.UTF_8));
    cache.put("a", "\"etag-2\"", "two".getBytes(StandardCharsets.UTF_8));
    assertThat(cache.version("a")).contains("\"etag-2\"");
    assertThat(cache.open("a", "\"etag-1\"")).isEmpty();
    assertThat(bytes()).isEqualTo(3);
  }

  @Test
  void whatAKilledProcessHasLeftGoes() throws IOException {
    Path left = Files.createDirectories(dir.resolve("tmp")).resolve("half");
    Files.writeString(left, "half");
    Files.setLastModifiedTime(left, FileTime.fromMillis(System.currentTimeMillis() - 7_200_000));
    new LocalCache(dir, 1000).put("a", "1", "a".getBytes(StandardCharsets.UTF_8));
    assertThat(left).doesNotExist();
  }
}

package io.t3d.serve.internal.input;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The temporary folder of one request, which only this user may read. It is deleted when the last
 * one who uses it closes it: a request that was given up may still be read.
 */
public final class RequestFolder {
  private static final Logger LOG = LoggerFactory.getLogger(RequestFolder.class);
  private static final int LONGEST_DELETION_SECONDS = 10;
  private static final String PREFIX = "t3d-serve-";

  private final Path path;
  private final AtomicInteger users = new AtomicInteger();
  private final CountDownLatch gone = new CountDownLatch(1);

  private RequestFolder(Path path) {
    this.path = path;
  }

  /** Makes a folder; {@link #use} it before anything is put there. */
  public static RequestFolder make(Path parent) throws IOException {
    return new RequestFolder(Files.createTempDirectory(parent, PREFIX));
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** One who uses the folder. */
  public interface User extends AutoCloseable {
    @Override
    void close();
  }

  /** Keeps the folder until the user is closed; a second close does nothing. */
  public User use() {
    users.incrementAndGet();
    AtomicBoolean open = new AtomicBoolean(true);
    return () -> {
      if (open.getAndSet(false) && users.decrementAndGet() == 0) {
        delete();
        gone.countDown();
      }
    };
  }

  /**
   * Waits until the folder is deleted by its last user, who has done all but that.
   *
   * @return whether it is, within some seconds
   */
  public boolean awaitGone() {
    try {
      return gone.await(LONGEST_DELETION_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void delete() {
    try {
      MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      LOG.warn("A temporary folder could not be deleted: {} ({})", path, e.getClass().getName());
    }
  }
}

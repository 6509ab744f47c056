package io.t3d.core.torch.distributed;

import io.t3d.core.T3dException;
import io.t3d.core.torch.TorchBridge;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The way into a group: the store of the rendezvous, the check at the door, the watch over the
 * others, the connections. What fails on the way closes all that was opened before.
 */
final class GlooJoin {
  private static final long STORE_MILLIS = 20_000;
  private static final int SHOWN = 200;

  private final Rendezvous rendezvous;
  private final InetAddress own;

  private GlooJoin(Rendezvous rendezvous) {
    this.rendezvous = rendezvous;
    this.own = Addresses.own(rendezvous);
  }

  /**
   * Joins.
   *
   * @throws T3dException when the group cannot be formed
   */
  static GlooGroup join(Rendezvous rendezvous) {
    requirePlatform();
    GlooJoin join = new GlooJoin(rendezvous);
    Addresses.requireSecret(rendezvous, join.own);
    return join.run();
  }

  private static void requirePlatform() {
    String os = System.getProperty("os.name");
    String arch = System.getProperty("os.arch");
    if (!os.toLowerCase(Locale.ROOT).contains("linux") || !arch.equals("amd64")) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Training by several workers needs Linux on x86-64, got " + os + " on " + arch);
    }
    TorchBridge.require("Training by several workers");
  }

  private GlooGroup run() {
    NativeGloo gloo = admitted();
    PeerWatch watch = null;
    boolean joined = false;
    try {
      // Gloo's constructor waits inside its store, which answers nobody else meanwhile.
      NativeStore watched = open(Optional.empty());
      watched.timeout(STORE_MILLIS);
      watch = new PeerWatch(watched, rendezvous);
      GlooGroup group = connected(gloo, watch);
      joined = true;
      return group;
    } finally {
      if (!joined) {
        if (watch != null) {
          watch.close();
        }
        gloo.close();
      }
    }
  }

  private GlooGroup connected(NativeGloo gloo, PeerWatch watch) {
    try {
      within(
          () -> {
            gloo.connect(rendezvous, own);
            return true;
          },
          rendezvous.joinTimeout().toMillis(),
          watch);
      GlooGroup group = new GlooGroup(rendezvous, gloo, watch);
      group.barrier();
      return group;
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The workers cannot be connected over "
              + own.getHostAddress()
              + ": "
              + watch.findOut(GlooCalls.broken(firstLine(e)))
              + "; name a network interface on which all reach each other with --interface",
          e);
    }
  }

  /** With the store of a worker that is known at the door. */
  private NativeGloo admitted() {
    Optional<Integer> socket =
        rendezvous.rank() == 0 && rendezvous.file().isEmpty()
            ? Optional.of(ListeningSocket.open(Addresses.of(rendezvous.host()), rendezvous.port()))
            : Optional.empty();
    NativeStore store = open(socket);
    NativeGloo gloo = new NativeGloo(store);
    try {
      Admission.await(store, rendezvous);
      store.timeout(STORE_MILLIS);
      return gloo;
    } catch (T3dException e) {
      letOthersRead();
      gloo.close();
      throw e;
    } catch (RuntimeException e) {
      gloo.close();
      throw unreachable(e);
    }
  }

  private NativeStore open(Optional<Integer> socket) {
    try {
      if (rendezvous.file().isPresent()) {
        return NativeStore.file(rendezvous.file().get(), rendezvous.size());
      }
      String host = Addresses.of(rendezvous.host()).getHostAddress();
      int port = rendezvous.port();
      long millis = rendezvous.joinTimeout().toMillis();
      return within(() -> NativeStore.tcp(host, port, socket, millis), millis + 2000, null);
    } catch (T3dException e) {
      socket.ifPresent(ListeningSocket::close); // libtorch has not seen it
      throw e;
    } catch (RuntimeException e) {
      throw unreachable(e);
    }
  }

  private T3dException unreachable(RuntimeException e) {
    return new T3dException(
        T3dException.Kind.ENVIRONMENT,
        "The workers' rendezvous "
            + rendezvous.place()
            + " cannot be reached by worker "
            + rendezvous.rank()
            + " ("
            + firstLine(e)
            + "); is rank 0 started, and is --rendezvous its machine and port?",
        e);
  }

  /** What rank 0 has written down goes with it: the others look every few milliseconds. */
  private void letOthersRead() {
    if (rendezvous.rank() == 0) {
      try {
        Thread.sleep(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Runs what may hang in native code on a thread of its own, which is left there then. */
  private static <T> T within(Callable<T> task, long millis, @Nullable PeerWatch watch) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = new Thread(future, "t3d-join");
    thread.setDaemon(true);
    thread.start();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (true) {
      try {
        return future.get(200, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("no answer for " + millis / 1000 + " s", e);
        }
        if (watch != null && watch.verdict().isPresent()) {
          throw GlooCalls.lost(watch.verdict().get(), e);
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /** libtorch appends where in its sources it was. */
  static String firstLine(Throwable e) {
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    String line = text.lines().findFirst().orElse(text).strip();
    line = line.replaceFirst("^\\[[^\\]]*\\] ", "").replaceFirst("\\.$", "");
    return line.length() > SHOWN ? line.substring(0, SHOWN) + "…" : line;
  }
}

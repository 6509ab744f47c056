package io.t3d.core.train.internal;

import io.t3d.core.internal.Tasks;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Elements of which the next one is fetched and prepared, on a thread of its own, while this one is
 * in use: batches that are on their way to the device while the model works on the one before.
 *
 * @param <T> what the source gives
 * @param <P> what it is made into
 */
public final class Ahead<T, P> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ahead.class);

  private final Iterator<T> source;
  private final Function<T, P> prepare;
  private final Consumer<P> drop;
  private final ExecutorService worker = Executors.newSingleThreadExecutor(Ahead::thread);
  private Future<Optional<Pair<T, P>>> next;
  private Optional<Pair<T, P>> current = Optional.empty();

  private record Pair<T, P>(T element, P prepared) {}

  /**
   * Starts with the first.
   *
   * @param source used by the thread alone from now on
   * @param prepare runs on the thread
   * @param drop frees what was prepared and nobody took
   */
  public Ahead(Iterator<T> source, Function<T, P> prepare, Consumer<P> drop) {
    this.source = source;
    this.prepare = prepare;
    this.drop = drop;
    next = worker.submit(this::fetch);
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "t3d-ahead");
    thread.setDaemon(true); // a forgotten close() must not keep the JVM from ending
    return thread;
  }

  private Optional<Pair<T, P>> fetch() {
    if (!source.hasNext()) {
      return Optional.empty();
    }
    T element = source.next();
    return Optional.of(new Pair<>(element, prepare.apply(element)));
  }

  /** Whether there is another element; waits until it is fetched. */
  public boolean hasNext() {
    return fetched().isPresent();
  }

  /**
   * The next element, as the source gives it; the one after it is begun.
   *
   * @throws RuntimeException what the source or the preparation threw
   * @throws NoSuchElementException when there is none
   */
  public T next() {
    Optional<Pair<T, P>> found = fetched();
    if (found.isEmpty()) {
      throw new NoSuchElementException("All elements were taken");
    }
    current.ifPresent(pair -> drop.accept(pair.prepared()));
    current = found;
    next = worker.submit(this::fetch);
    return found.get().element();
  }

  private Optional<Pair<T, P>> fetched() {
    return Tasks.result(
        next,
        Ahead::unchecked,
        e -> new IllegalStateException("Interrupted while waiting for the next element", e));
  }

  private static RuntimeException unchecked(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException runtime
        ? runtime
        : new IllegalStateException("An element could not be prepared", cause);
  }

  /** What the last element of {@link #next} was made into, once: it is then the caller's. */
  public Optional<P> take(T element) {
    if (current.isEmpty() || current.get().element() != element) {
      return Optional.empty();
    }
    P prepared = current.get().prepared();
    current = Optional.empty();
    return Optional.of(prepared);
  }

  /** Waits for what is under way, and frees what nobody took. */
  @Override
  public void close() {
    current.ifPresent(pair -> drop.accept(pair.prepared()));
    current = Optional.empty();
    worker.shutdown();
    try {
      fetched().ifPresent(pair -> drop.accept(pair.prepared()));
    } catch (RuntimeException e) {
      LOG.debug("What nobody asked for could not be prepared", e);
    }
  }
}

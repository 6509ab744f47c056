package io.t3d.core.internal;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Waits for work of other threads. */
public final class Tasks {
  private Tasks() {}

  /**
   * The result of a task, once it is there. The caller says what a failure becomes; an interrupted
   * thread stays interrupted.
   *
   * @param failed from what the task threw to what is thrown here; may itself throw
   * @param interrupted the same when this thread was interrupted while it waited
   * @throws X what those two return
   */
  public static <T, X extends Exception> T result(
      Future<T> task,
      Function<? super Throwable, ? extends X> failed,
      Function<? super InterruptedException, ? extends X> interrupted)
      throws X {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted.apply(e);
    } catch (ExecutionException e) {
      throw failed.apply(e.getCause());
    }
  }
}

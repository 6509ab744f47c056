package io.t3d.spark;

import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** What is freed when a task ends, in whatever way. */
final class OfTask {
  private OfTask() {}

  /** Runs at the task's end; the last one that was named runs first. */
  static void atEnd(TaskContext task, Runnable free) {
    TaskCompletionListener listener = context -> free.run();
    task.addTaskCompletionListener(listener);
  }
}

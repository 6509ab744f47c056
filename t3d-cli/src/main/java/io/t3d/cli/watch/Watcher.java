package io.t3d.cli.watch;

import io.t3d.core.train.TrainingListener;

/** A listener that wants to know how a training ended. It never makes a training fail. */
public interface Watcher extends TrainingListener {
  /** How a training ended; the names are MLflow's. */
  enum End {
    /** To its end, or stopped early. */
    FINISHED,
    /** By an error. */
    FAILED,
    /** By a signal. */
    KILLED
  }

  /** After the last event; once. */
  void ended(End how);
}

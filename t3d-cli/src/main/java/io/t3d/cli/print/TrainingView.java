package io.t3d.cli.print;

import io.t3d.core.train.TrainingListener;

/** Shows a training while it runs. */
public interface TrainingView extends TrainingListener, AutoCloseable {
  @Override
  void close();
}

package io.t3d.cli.benchmark;

/**
 * One pre-training: what cells of all tasks have in common.
 *
 * @param method the way to pre-train
 * @param steps of the optimizer
 * @param replicate from 1: which data and which seed
 */
record Arm(Method method, int steps, int replicate) {
  /** Name of its folders, e.g. {@code clip-280-r01}. */
  String folder() {
    return String.format("%s-%d-r%02d", method.folder(), steps, replicate);
  }

  /** What progress calls it. */
  String title() {
    return method.title() + ", " + steps + " steps, replicate " + replicate;
  }
}

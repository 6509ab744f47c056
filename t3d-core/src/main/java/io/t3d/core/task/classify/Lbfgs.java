package io.t3d.core.task.classify;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Predicate;

/**
 * Minimises a smooth convex function: limited-memory BFGS, two-loop recursion (Nocedal and Wright,
 * 2006, algorithm 7.4), with backtracking to a sufficient decrease. In double precision: a probe's
 * problem is small, and the minimum should not depend on rounding.
 */
final class Lbfgs {
  private static final int HISTORY = 10;
  private static final int HALVINGS = 40;
  private static final double DECREASE = 1e-4;

  /** A function and its gradient. */
  @FunctionalInterface
  interface Smooth {
    /**
     * The value at x.
     *
     * @param gradient is overwritten
     */
    double value(double[] x, double[] gradient);
  }

  private record Pair(double[] step, double[] change, double curvature) {}

  private Lbfgs() {}

  /**
   * Walks downhill from x.
   *
   * @param x start
   * @param tolerance stops when no entry of the gradient is larger
   * @param goOn is told each new point, which it must not keep; false stops the walk
   * @return the last point
   */
  static double[] minimize(
      Smooth f, double[] x, int maxIterations, double tolerance, Predicate<double[]> goOn) {
    Deque<Pair> history = new ArrayDeque<>(); // newest first
    double[] point = x.clone();
    double[] gradient = new double[x.length];
    double value = f.value(point, gradient);
    for (int i = 0; i < maxIterations && largest(gradient) > tolerance; i++) {
      double[] direction = direction(gradient, history);
      double slope = dot(direction, gradient);
      double[] next = new double[x.length];
      double[] nextGradient = new double[x.length];
      // The first step has no curvature to go by: length 1 at most.
      double length = history.isEmpty() ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
      double nextValue = Double.POSITIVE_INFINITY;
      for (int h = 0; h < HALVINGS; h++, length /= 2) {
        for (int j = 0; j < x.length; j++) {
          next[j] = point[j] + length * direction[j];
        }
        nextValue = f.value(next, nextGradient);
        if (nextValue <= value + DECREASE * length * slope) {
          break;
        }
      }
      if (!(nextValue < value)) {
        break; // no further decrease that doubles can tell
      }
      remember(history, point, next, gradient, nextGradient);
      point = next;
      gradient = nextGradient;
      value = nextValue;
      if (!goOn.test(point)) {
        break;
      }
    }
    return point;
  }

  private static double[] direction(double[] gradient, Deque<Pair> history) {
    double[] q = gradient.clone();
    double[] alpha = new double[history.size()];
    int i = 0;
    for (Pair p : history) {
      alpha[i] = dot(p.step, q) / p.curvature;
      add(q, -alpha[i++], p.change);
    }
    double scale = 1;
    if (!history.isEmpty()) {
      Pair newest = history.peekFirst();
      scale = newest.curvature / dot(newest.change, newest.change);
    }
    for (int j = 0; j < q.length; j++) {
      q[j] *= scale;
    }
    for (Iterator<Pair> oldestFirst = history.descendingIterator(); oldestFirst.hasNext(); ) {
      Pair p = oldestFirst.next();
      double beta = dot(p.change, q) / p.curvature;
      add(q, alpha[--i] - beta, p.step);
    }
    for (int j = 0; j < q.length; j++) {
      q[j] = -q[j];
    }
    return q;
  }

  private static void remember(
      Deque<Pair> history, double[] from, double[] to, double[] before, double[] after) {
    double[] step = difference(to, from);
    double[] change = difference(after, before);
    double curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change)) {
      if (history.size() == HISTORY) {
        history.removeLast();
      }
      history.addFirst(new Pair(step, change, curvature));
    }
  }

  private static double[] difference(double[] a, double[] b) {
    double[] out = a.clone();
    add(out, -1, b);
    return out;
  }

  private static void add(double[] to, double factor, double[] what) {
    for (int j = 0; j < to.length; j++) {
      to[j] += factor * what[j];
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += a[j] * b[j];
    }
    return sum;
  }

  private static double largest(double[] v) {
    double most = 0;
    for (double x : v) {
      most = Math.max(most, Math.abs(x));
    }
    return most;
  }
}

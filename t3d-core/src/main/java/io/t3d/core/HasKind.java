package io.t3d.core;

/**
 * An exception that says who can fix the problem: the user of the program, its environment, or its
 * author. Those of T3D that are no {@link T3dException}, since they are {@link
 * java.io.IOException}s, implement it.
 */
public interface HasKind {
  /** Whose error it is. */
  T3dException.Kind kind();
}

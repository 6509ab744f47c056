package io.t3d.core;

/**
 * An exception that says whose error it is. Those of T3D that are no {@link T3dException}, since
 * they are {@link java.io.IOException}s, implement it.
 */
public interface HasKind {
  /** Whose error it is. */
  T3dException.Kind kind();
}

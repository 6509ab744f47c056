/** Deterministic steps from a volume to a volume. */
package io.t3d.data.transform;

package io.t3d.core.model;

import ai.djl.ndarray.NDArray;

/**
 * Where the visual tokens of one view look in their reports.
 *
 * @param weights {@code (B, A, N, L)}, float32, per head: rows sum to 1 over the report's tokens;
 *     padding has 0
 * @param grid where the N tokens lie in the world
 */
public record ReportAttention(NDArray weights, TokenGrid grid) {}

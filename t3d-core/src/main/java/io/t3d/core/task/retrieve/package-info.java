/**
 * Retrieval between volumes and reports: recall and ranks, label overlap, exact and HNSW indexes,
 * sentence scores.
 */
@NullMarked
package io.t3d.core.task.retrieve;

import org.jspecify.annotations.NullMarked;

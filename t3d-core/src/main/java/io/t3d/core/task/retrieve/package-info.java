/**
 * Search between volumes and reports: recall and ranks, label overlap, exact and HNSW indexes,
 * sentences.
 */
@NullMarked
package io.t3d.core.task.retrieve;

import org.jspecify.annotations.NullMarked;

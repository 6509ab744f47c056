/**
 * Merges published datasets into one manifest: removes duplicates, splits by patient, computes
 * statistics.
 */
@NullMarked
package io.t3d.data.published.merge;

import org.jspecify.annotations.NullMarked;

/** Merges published data sets into one manifest: duplicates out, split by patient, statistics. */
@NullMarked
package io.t3d.data.published.merge;

import org.jspecify.annotations.NullMarked;

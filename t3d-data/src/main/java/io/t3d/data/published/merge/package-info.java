/** Merges published data sets into one manifest: duplicates out, split by patient, statistics. */
package io.t3d.data.published.merge;

/**
 * Published sets of chest CT as their files lie on disk, merged to one manifest: adapters ({@link
 * io.t3d.data.published.DatasetLayout}), the merger ({@link
 * io.t3d.data.published.merge.DatasetBuilder}) and its statistics. docs/datasets.md says where the
 * layouts are described and which of their details could not be verified.
 */
@NullMarked
package io.t3d.data.published;

import org.jspecify.annotations.NullMarked;

/**
 * Adapters for published chest CT datasets ({@link io.t3d.data.published.DatasetLayout}), which
 * {@link io.t3d.data.published.merge.DatasetBuilder} merges into one manifest. docs/datasets.md
 * says where the layouts are described and which of their details could not be verified.
 */
@NullMarked
package io.t3d.data.published;

import org.jspecify.annotations.NullMarked;

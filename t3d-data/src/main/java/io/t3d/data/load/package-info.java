/**
 * Datasets of volume–report pairs, loaded and prefetched in training batches.
 *
 * <p>{@code Manifest → Splits → VolumeReportDataset.check → VolumeReportDataset → Pretrainer}.
 */
@NullMarked
package io.t3d.data.load;

import org.jspecify.annotations.NullMarked;

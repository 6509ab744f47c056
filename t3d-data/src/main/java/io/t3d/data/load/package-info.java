/**
 * Data sets of volume–report pairs: manifest, patient-disjoint splits, and the prefetching source
 * of training batches.
 *
 * <p>{@code Manifest → Splits → VolumeReportDataset.check → VolumeReportDataset → Pretrainer}.
 */
@NullMarked
package io.t3d.data.load;

import org.jspecify.annotations.NullMarked;

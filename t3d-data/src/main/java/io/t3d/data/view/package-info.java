/**
 * Views: seeded random crops of a volume, resized to what the encoder takes, each with the exact
 * map from its voxels to the patient.
 *
 * <p>{@code Volume → MultiViewSampler → List<View> → ViewBatch.collate}.
 */
@NullMarked
package io.t3d.data.view;

import org.jspecify.annotations.NullMarked;

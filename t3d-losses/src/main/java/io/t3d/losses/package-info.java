/**
 * What T3D's pre-training minimises: global alignment ({@link io.t3d.losses.ContrastiveLoss}),
 * text-informed multi-view alignment ({@link io.t3d.losses.TmaLoss}), and their sum ({@link
 * io.t3d.losses.objective.T3DObjective}).
 *
 * <p>Every loss is float32, made of log-softmaxes and of no in-place operation, and runs on the
 * device of its inputs. All that it allocates belongs to the manager of the batch's arrays, never
 * to that of a parameter. Compute losses outside autocast.
 */
@NullMarked
package io.t3d.losses;

import org.jspecify.annotations.NullMarked;

/**
 * Pre-training: the objective's interface, optimizer, schedule, checkpoints and the loop.
 *
 * <p>{@code PairSource → PairBatch → T3DModel.forward → Objective → Pretrainer.step → Checkpoint}.
 */
package io.t3d.core.train;

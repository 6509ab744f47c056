/**
 * Evaluation of a trained model: zero-shot, linear probe, fine-tuning, retrieval, with intervals.
 */
@NullMarked
package io.t3d.pipeline.evaluate;

import org.jspecify.annotations.NullMarked;

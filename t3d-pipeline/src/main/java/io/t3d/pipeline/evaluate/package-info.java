/**
 * Evaluation of a trained model: zero-shot, linear probe, fine-tuning, retrieval, with intervals.
 */
package io.t3d.pipeline.evaluate;

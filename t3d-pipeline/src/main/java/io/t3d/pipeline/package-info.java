/**
 * From a manifest to a trained model and its use: settings of a run, pre-training, opening what was
 * trained with the preprocessing it was trained with, embedding.
 */
package io.t3d.pipeline;

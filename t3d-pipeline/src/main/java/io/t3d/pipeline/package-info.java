/**
 * From a manifest to a trained model and its use: settings of a run, pre-training, opening what was
 * trained with the preprocessing it was trained with, embedding.
 */
@NullMarked
package io.t3d.pipeline;

import org.jspecify.annotations.NullMarked;

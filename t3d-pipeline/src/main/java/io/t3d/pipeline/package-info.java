/**
 * From a manifest to a trained model and its use: settings, pre-training, opening trained models
 * with their preprocessing, embedding.
 */
@NullMarked
package io.t3d.pipeline;

import org.jspecify.annotations.NullMarked;

/** Trains, applies and evaluates a segmenter on a trained model. */
@NullMarked
package io.t3d.pipeline.segment;

import org.jspecify.annotations.NullMarked;

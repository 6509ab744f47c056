/** Training, use and scoring of a segmenter on a trained model. */
@NullMarked
package io.t3d.pipeline.segment;

import org.jspecify.annotations.NullMarked;

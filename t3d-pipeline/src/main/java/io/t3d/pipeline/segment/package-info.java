/** Training, use and scoring of a segmenter on a trained model. */
package io.t3d.pipeline.segment;

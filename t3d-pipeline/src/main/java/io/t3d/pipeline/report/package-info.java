/** Trains and evaluates a report decoder on a trained model. */
@NullMarked
package io.t3d.pipeline.report;

import org.jspecify.annotations.NullMarked;

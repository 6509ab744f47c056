/** Training and scoring of a report decoder on a trained model. */
package io.t3d.pipeline.report;

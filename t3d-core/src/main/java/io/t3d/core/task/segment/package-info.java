/** Masks of a volume: a decoder trained on an image encoder, cases and crops, sliding windows. */
package io.t3d.core.task.segment;

/** Segmentation: a decoder trained on an image encoder, cases, crops and sliding windows. */
@NullMarked
package io.t3d.core.task.segment;

import org.jspecify.annotations.NullMarked;

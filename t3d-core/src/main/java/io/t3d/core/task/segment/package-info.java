/** Masks of a volume: a decoder trained on an image encoder, cases and crops, sliding windows. */
@NullMarked
package io.t3d.core.task.segment;

import org.jspecify.annotations.NullMarked;

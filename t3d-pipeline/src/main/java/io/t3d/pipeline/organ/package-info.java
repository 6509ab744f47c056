/** Embeds organs with models that read them under a label map, and asks findings of them. */
@NullMarked
package io.t3d.pipeline.organ;

import org.jspecify.annotations.NullMarked;

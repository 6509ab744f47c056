/** Findings of a volume: zero-shot prompts, a linear probe on embeddings, a fine-tuned encoder. */
@NullMarked
package io.t3d.core.task.classify;

import org.jspecify.annotations.NullMarked;

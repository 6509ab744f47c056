/** Findings of a volume: zero-shot prompts, a linear probe on embeddings, a fine-tuned encoder. */
package io.t3d.core.task.classify;

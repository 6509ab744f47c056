/** Classification of findings: zero-shot prompts, linear probe, fine-tuning. */
@NullMarked
package io.t3d.core.task.classify;

import org.jspecify.annotations.NullMarked;

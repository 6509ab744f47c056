/** Reports as token ids: the tokenizer, batches of tokens, and sentences of reports. */
@NullMarked
package io.t3d.core.text;

import org.jspecify.annotations.NullMarked;

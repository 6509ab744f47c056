/** Reports as token ids: the tokenizer, and the loading of pretrained text encoders. */
@NullMarked
package io.t3d.core.text;

import org.jspecify.annotations.NullMarked;

/** Reports as token ids: the tokenizer, and the loading of pretrained text encoders. */
package io.t3d.core.text;

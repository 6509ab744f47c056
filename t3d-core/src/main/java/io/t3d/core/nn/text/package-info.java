/** The transformer over report tokens, in the layout of HuggingFace's BERT. */
@NullMarked
package io.t3d.core.nn.text;

import org.jspecify.annotations.NullMarked;

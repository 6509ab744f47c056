/** The transformer over report tokens, in the layout of HuggingFace's BERT. */
package io.t3d.core.nn.text;

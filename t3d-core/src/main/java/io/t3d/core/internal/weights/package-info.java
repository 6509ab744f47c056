/**
 * Published weights as files: PyTorch's {@code .pt} and {@code .bin}, safetensors, HuggingFace
 * folders; and how their names and shapes become those of our encoders. Nothing in a file is run.
 */
@NullMarked
package io.t3d.core.internal.weights;

import org.jspecify.annotations.NullMarked;

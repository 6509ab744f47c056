/**
 * Networks as DJL blocks: 3D encoders, the text encoder, heads and prototypes.
 *
 * <p>Every block has a typed {@code forward}; the {@code NDList} form that DJL's {@code Block} asks
 * for calls it. Children and parameters bear PyTorch's names (MONAI for ResNet3d, HuggingFace for
 * BERT), so that {@link StateDict} gives the names that PyTorch users expect.
 */
@NullMarked
package io.t3d.core.nn;

import org.jspecify.annotations.NullMarked;

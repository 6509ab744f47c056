/**
 * Networks as DJL blocks: what encoders of one's own implement, and the names of parameters.
 *
 * <p>Every block has a typed {@code forward}; the {@code NDList} form that DJL's {@code Block} asks
 * for calls it. Children and parameters bear PyTorch's names (MONAI for ResNet3d, HuggingFace for
 * BERT), so that {@link StateDict} gives the names that PyTorch users expect.
 */
@NullMarked
package io.t3d.core.nn;

import org.jspecify.annotations.NullMarked;

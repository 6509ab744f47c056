/** CT-CLIP's visual encoder: attention in slabs, attention along z, a codebook. */
@NullMarked
package io.t3d.core.nn.ctvit;

import org.jspecify.annotations.NullMarked;

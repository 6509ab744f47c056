/** 3D encoders: ResNet in MONAI's layout, and ViT. */
@NullMarked
package io.t3d.core.nn.vision;

import org.jspecify.annotations.NullMarked;

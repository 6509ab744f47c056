/** 3D encoders: ResNet in MONAI's layout, and ViT. */
package io.t3d.core.nn.vision;

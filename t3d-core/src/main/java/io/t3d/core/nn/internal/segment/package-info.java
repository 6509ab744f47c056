/** Decoders that turn an encoder's feature maps into a mask: U-Net and UNETR. */
@NullMarked
package io.t3d.core.nn.internal.segment;

import org.jspecify.annotations.NullMarked;

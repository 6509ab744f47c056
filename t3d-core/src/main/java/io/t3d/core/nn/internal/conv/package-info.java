/** Convolutions, blocks of them and patch embeddings; not for users of the library. */
@NullMarked
package io.t3d.core.nn.internal.conv;

import org.jspecify.annotations.NullMarked;

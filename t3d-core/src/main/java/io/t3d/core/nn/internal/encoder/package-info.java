/** Builds the encoders that settings describe; not for users of the library. */
@NullMarked
package io.t3d.core.nn.internal.encoder;

import org.jspecify.annotations.NullMarked;

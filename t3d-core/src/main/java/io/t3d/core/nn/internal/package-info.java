/** Parts that the networks share; not for users of the library, and free to change. */
@NullMarked
package io.t3d.core.nn.internal;

import org.jspecify.annotations.NullMarked;

/** Helpers of reading and loading; not for users of the library. */
@NullMarked
package io.t3d.data.internal;

import org.jspecify.annotations.NullMarked;

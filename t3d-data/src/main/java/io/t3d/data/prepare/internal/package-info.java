/** Helpers of the preparation; not for users of the library. */
@NullMarked
package io.t3d.data.prepare.internal;

import org.jspecify.annotations.NullMarked;

/** Orientation codes. */
@NullMarked
package io.t3d.data.transform.internal;

import org.jspecify.annotations.NullMarked;

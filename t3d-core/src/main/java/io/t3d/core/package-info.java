/** What all packages share: the root of T3D's exceptions, {@link io.t3d.core.T3dException}. */
@NullMarked
package io.t3d.core;

import org.jspecify.annotations.NullMarked;

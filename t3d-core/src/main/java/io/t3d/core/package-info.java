/** What all packages share: {@link io.t3d.core.T3dException}, the root of T3D's exceptions. */
@NullMarked
package io.t3d.core;

import org.jspecify.annotations.NullMarked;

/** What all packages share: the root of T3D's exceptions, {@link io.t3d.core.T3dException}. */
package io.t3d.core;

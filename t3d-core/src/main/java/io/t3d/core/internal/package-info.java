/**
 * Helpers of the library: checks of settings and shapes, scopes of native memory, files that are
 * replaced as a whole. Not for users.
 */
@NullMarked
package io.t3d.core.internal;

import org.jspecify.annotations.NullMarked;

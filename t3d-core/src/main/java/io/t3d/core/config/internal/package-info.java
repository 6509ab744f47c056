/** Annotations that settings records of all modules bear, for the files they are read from. */
@NullMarked
package io.t3d.core.config.internal;

import org.jspecify.annotations.NullMarked;


/** Annotations on settings records that control how {@code Configs} reads and writes them. */
@NullMarked
package io.t3d.core.config.internal;

import org.jspecify.annotations.NullMarked;

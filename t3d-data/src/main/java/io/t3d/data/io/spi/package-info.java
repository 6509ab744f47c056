/**
 * Interfaces that readers and writers of volume formats implement, found by {@code ServiceLoader},
 * and the types they exchange.
 */
@NullMarked
package io.t3d.data.io.spi;

import org.jspecify.annotations.NullMarked;

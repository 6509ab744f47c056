/**
 * What a reader or writer of a volume format implements and gives; found by {@code ServiceLoader}.
 */
@NullMarked
package io.t3d.data.io.spi;

import org.jspecify.annotations.NullMarked;

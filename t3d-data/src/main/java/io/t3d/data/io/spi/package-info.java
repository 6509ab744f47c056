/**
 * What a reader or writer of a volume format implements and gives; found by {@code ServiceLoader}.
 */
package io.t3d.data.io.spi;

/**
 * Volumes with their full geometry, and the views cut from them.
 *
 * <p>World coordinates are millimetres in RAS+ (x to the patient's right-to-left axis growing to
 * the <b>R</b>ight, y to <b>A</b>nterior, z to <b>S</b>uperior), as in NIfTI and nibabel. Arrays
 * lie in {@code (D, H, W)} = (z, y, x) order; affines take indices in (x, y, z) order.
 */
@NullMarked
package io.t3d.core.volume;

import org.jspecify.annotations.NullMarked;

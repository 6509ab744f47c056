/** Checks of headers against data before ITK sees a file; not for users of the library. */
@NullMarked
package io.t3d.data.itk.internal.check;

import org.jspecify.annotations.NullMarked;

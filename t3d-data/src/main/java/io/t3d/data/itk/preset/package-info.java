/** The JavaCPP preset over {@code t3d_itk.h}; generated, and for {@code io.t3d.data.itk} alone. */
@NullMarked
package io.t3d.data.itk.preset;

import org.jspecify.annotations.NullMarked;

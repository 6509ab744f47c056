/** NIfTI and RAD-ChestCT's NumPy archives, read and written in plain Java. */
@NullMarked
package io.t3d.data.io.internal.format;

import org.jspecify.annotations.NullMarked;

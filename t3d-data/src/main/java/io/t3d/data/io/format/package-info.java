/** NIfTI and RAD-ChestCT's NumPy archives, read and written in plain Java. */
@NullMarked
package io.t3d.data.io.format;

import org.jspecify.annotations.NullMarked;

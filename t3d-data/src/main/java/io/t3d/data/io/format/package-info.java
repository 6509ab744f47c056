/** NIfTI and RAD-ChestCT's NumPy archives, read and written in plain Java. */
package io.t3d.data.io.format;

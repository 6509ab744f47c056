/** Reads and writes chunked Zarr volumes. */
@NullMarked
package io.t3d.data.zarr.internal;

import org.jspecify.annotations.NullMarked;

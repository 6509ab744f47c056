/**
 * Volumes as Zarr: chunked and compressed, so that a crop reads only the chunks it touches, and
 * open to Python's {@code zarr}.
 *
 * <p>A volume is a folder that ends in {@code .zarr} and holds one array of the <a
 * href="https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html">Zarr v2 format</a>, {@code (D, H,
 * W)} = (z, y, x). Written are {@code int16} and {@code float32}, little-endian, byte-shuffled and
 * compressed by Zstandard; read are arrays that were shuffled or not, and compressed by Zstandard,
 * gzip, zlib or not at all. docs/preprocessing.md tells the attributes.
 */
@NullMarked
package io.t3d.data.zarr;

import org.jspecify.annotations.NullMarked;

/**
 * Paths on S3-compatible stores and HDFS, {@code s3://bucket/key} and {@code
 * hdfs://host:port/path}, to be read as files are, through a local cache with a bound. Java's
 * {@code ServiceLoader} finds them; {@link io.t3d.data.io.Locations} makes a path of a text.
 * docs/remote.md tells the settings.
 */
@NullMarked
package io.t3d.remote;

import org.jspecify.annotations.NullMarked;

/**
 * Bulk work on Apache Spark: {@link io.t3d.spark.T3DSpark} embeds, classifies, prepares and
 * inspects volumes on all executors of a session; {@link io.t3d.spark.EmbeddingTable} keeps vectors
 * as Parquet.
 */
@NullMarked
package io.t3d.spark;

import org.jspecify.annotations.NullMarked;

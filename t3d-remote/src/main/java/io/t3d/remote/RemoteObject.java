package io.t3d.remote;

import java.time.Instant;

/**
 * What a store says of an object.
 *
 * @param key its path in the store, without a slash in front
 * @param size bytes
 * @param modified when it was written
 * @param version another one whenever the content is another: an S3 store's ETag, HDFS's time and
 *     length
 */
record RemoteObject(String key, long size, Instant modified, String version) {}

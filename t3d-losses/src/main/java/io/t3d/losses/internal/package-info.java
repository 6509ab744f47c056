/**
 * Helpers of the losses: sums over batches, views, masks by patient; not for users of the library.
 */
package io.t3d.losses.internal;

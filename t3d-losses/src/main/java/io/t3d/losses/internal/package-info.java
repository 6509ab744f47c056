/**
 * Helpers of the losses: sums over batches, views, masks by patient; not for users of the library.
 */
@NullMarked
package io.t3d.losses.internal;

import org.jspecify.annotations.NullMarked;

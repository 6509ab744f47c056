/**
 * What training does between workers: sums in buckets, norms over all, checks that all agree; not
 * for users.
 */
@NullMarked
package io.t3d.core.torch.distributed.internal;

import org.jspecify.annotations.NullMarked;

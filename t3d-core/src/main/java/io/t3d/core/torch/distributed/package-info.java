/**
 * Processes that work on one training: groups of them, on libtorch's own collectives (c10d, Gloo).
 */
@NullMarked
package io.t3d.core.torch.distributed;

import org.jspecify.annotations.NullMarked;

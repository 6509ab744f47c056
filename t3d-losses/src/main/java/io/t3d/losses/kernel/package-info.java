/** Clustering kernels: Sinkhorn–Knopp, cluster assignment, token matching. */
@NullMarked
package io.t3d.losses.kernel;

import org.jspecify.annotations.NullMarked;

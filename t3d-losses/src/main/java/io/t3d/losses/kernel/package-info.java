/** Clustering kernels: Sinkhorn–Knopp, cluster assignment, token matching. */
package io.t3d.losses.kernel;

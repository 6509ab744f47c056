/**
 * Clustering kernels: Sinkhorn–Knopp, assignment to prototypes, their prediction, token matching.
 *
 * <p>Each is an interface whose {@code plain} form is the reference, in straightforward array
 * operations under autograd, and whose {@code fused} or {@code best} form is the fast one; tests
 * hold their values and gradients together. A form is chosen where the kernel is made.
 */
@NullMarked
package io.t3d.losses.kernel;

import org.jspecify.annotations.NullMarked;

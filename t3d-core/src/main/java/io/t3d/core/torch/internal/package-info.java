/**
 * Operations of libtorch for the networks and the training loop, and what counts operations; not
 * for users of the library.
 */
@NullMarked
package io.t3d.core.torch.internal;

import org.jspecify.annotations.NullMarked;

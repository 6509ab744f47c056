/**
 * Text generation, token by token: greedy, beam search and nucleus sampling, independent of any
 * network.
 */
@NullMarked
package io.t3d.core.generate;

import org.jspecify.annotations.NullMarked;

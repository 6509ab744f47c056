/** Writing text token by token: greedy, beam search, nucleus sampling; knows no network. */
@NullMarked
package io.t3d.core.generate;

import org.jspecify.annotations.NullMarked;

/** Writing text token by token: greedy, beam search, nucleus sampling; knows no network. */
package io.t3d.core.generate;

/** Reads and writes what lies beside a tokenizer; not for users of the library. */
@NullMarked
package io.t3d.core.text.internal;

import org.jspecify.annotations.NullMarked;

/** Sources of data that the programs use; not for users of the library. */
@NullMarked
package io.t3d.data.load.internal;

import org.jspecify.annotations.NullMarked;

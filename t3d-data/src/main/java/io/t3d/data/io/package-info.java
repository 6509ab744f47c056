/** Entry points for reading, writing and finding volume files of any supported format. */
@NullMarked
package io.t3d.data.io;

import org.jspecify.annotations.NullMarked;

/** Readers and writers of volume files, each behind one interface. */
@NullMarked
package io.t3d.data.io;

import org.jspecify.annotations.NullMarked;

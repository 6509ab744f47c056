/** A survey of all volumes in a folder: the first thing to run on a new dataset. */
@NullMarked
package io.t3d.data.internal.survey;

import org.jspecify.annotations.NullMarked;

/** A table of all volumes of a folder: what somebody looks at first in a new data set. */
@NullMarked
package io.t3d.data.survey;

import org.jspecify.annotations.NullMarked;

/** Pictures of volumes for reports; needs no display. */
@NullMarked
package io.t3d.data.picture;

import org.jspecify.annotations.NullMarked;

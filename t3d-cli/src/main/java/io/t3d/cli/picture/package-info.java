/** Pictures of volumes for reports; needs no display. */
@NullMarked
package io.t3d.cli.picture;

import org.jspecify.annotations.NullMarked;


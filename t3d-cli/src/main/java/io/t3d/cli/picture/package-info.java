/** Pictures of volumes, drawn without a display. */
@NullMarked
package io.t3d.cli.picture;

import org.jspecify.annotations.NullMarked;

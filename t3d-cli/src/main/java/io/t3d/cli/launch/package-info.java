/** {@code t3d launch}: the workers of a training as processes of this machine. */
@NullMarked
package io.t3d.cli.launch;

import org.jspecify.annotations.NullMarked;

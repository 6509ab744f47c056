/** A trained model over HTTP. */
@NullMarked
package io.t3d.serve;

import org.jspecify.annotations.NullMarked;

/** A viewer of volumes in the browser. */
@NullMarked
package io.t3d.serve.view;

import org.jspecify.annotations.NullMarked;

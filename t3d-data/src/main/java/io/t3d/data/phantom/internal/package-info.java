/** Prompts of phantom data sets. */
@NullMarked
package io.t3d.data.phantom.internal;

import org.jspecify.annotations.NullMarked;


/** Generates phantoms with reports, labels, masks and prompts. */
@NullMarked
package io.t3d.data.phantom.generate;

import org.jspecify.annotations.NullMarked;

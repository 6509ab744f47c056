/** Zero-shot prompts for phantom datasets. */
@NullMarked
package io.t3d.data.phantom.internal;

import org.jspecify.annotations.NullMarked;

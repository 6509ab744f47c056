/** Volumes of requests: uploads with their bounds, and files below an allowed folder. */
@NullMarked
package io.t3d.serve.internal.input;

import org.jspecify.annotations.NullMarked;

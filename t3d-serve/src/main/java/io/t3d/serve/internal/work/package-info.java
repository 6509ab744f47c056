/** The device's queue: requests that wait are worked on together. */
@NullMarked
package io.t3d.serve.internal.work;

import org.jspecify.annotations.NullMarked;

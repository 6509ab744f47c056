/** Helpers of the tasks; not for users of the library. */
@NullMarked
package io.t3d.core.task.internal;

import org.jspecify.annotations.NullMarked;

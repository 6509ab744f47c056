/** Trains the networks of the tasks; not for users of the library. */
@NullMarked
package io.t3d.core.task.internal.training;

import org.jspecify.annotations.NullMarked;

/** Helpers of the tasks; not for users of the library. */
package io.t3d.core.task.internal;

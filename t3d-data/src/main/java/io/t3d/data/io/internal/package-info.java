/** What names and first bytes of files tell; shared by readers, not for users. */
@NullMarked
package io.t3d.data.io.internal;

import org.jspecify.annotations.NullMarked;

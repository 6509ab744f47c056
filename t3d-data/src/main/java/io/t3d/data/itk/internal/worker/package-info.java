/**
 * The worker processes that decode files with ITK, and the messages to them; not for users of the
 * library.
 */
@NullMarked
package io.t3d.data.itk.internal.worker;

import org.jspecify.annotations.NullMarked;

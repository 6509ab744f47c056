/** The process that writes DICOM, and what it is told. */
@NullMarked
package io.t3d.data.dicom.internal;

import org.jspecify.annotations.NullMarked;

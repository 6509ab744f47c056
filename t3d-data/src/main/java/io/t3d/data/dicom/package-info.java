/**
 * Results as DICOM: segmentations (SEG) and measurement reports (SR, TID 1500) that refer to the
 * series they were made of. They are written by dcmtk in a process apart; docs/pacs.md.
 */
@NullMarked
package io.t3d.data.dicom;

import org.jspecify.annotations.NullMarked;

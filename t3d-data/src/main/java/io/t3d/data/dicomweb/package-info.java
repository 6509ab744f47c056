/**
 * A client of DICOMweb, the web service of picture archives (DICOM PS3.18): searches series
 * (QIDO-RS), streams them to disk (WADO-RS) and stores results (STOW-RS). It talks to the address
 * it is given and to no other; docs/pacs.md.
 */
@NullMarked
package io.t3d.data.dicomweb;

import org.jspecify.annotations.NullMarked;

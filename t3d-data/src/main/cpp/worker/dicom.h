/* DICOM through GDCM, ITK's DICOM library, with checks of what GDCM lets pass. */
#ifndef T3D_DICOM_H
#define T3D_DICOM_H

#include "wire.h"

namespace t3d {

/* count u32, paths; answers one record per path, without patient data. */
void scanDicom(Request& request, Response& response);

/*
 * exchange path, rows u32, columns u32, bytes per voxel u32, total frames u64, count u32, then path
 * and frames u32 of each file; puts the stored values one file after the other.
 */
void decodeDicom(Request& request, Response& response);

}  // namespace t3d

#endif

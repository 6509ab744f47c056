/* NRRD, MetaImage and NIfTI through ITK. */
#ifndef T3D_IMAGE_FILE_H
#define T3D_IMAGE_FILE_H

#include "wire.h"

namespace t3d {

/* format u8, path, exchange path (empty: information only), most bytes of voxels u64. */
void readImageFile(Request& request, Response& response);

}  // namespace t3d

#endif

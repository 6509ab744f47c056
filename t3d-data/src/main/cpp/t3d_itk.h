/*
 * Memory-to-memory work of ITK, and writing, for use inside the JVM. No function here reads a file.
 * Plain C without ITK's headers, so that JavaCPP can parse it on any machine.
 */
#ifndef T3D_ITK_H
#define T3D_ITK_H

#ifdef __cplusplus
extern "C" {
#endif

enum { T3D_ITK_NEAREST = 0, T3D_ITK_LINEAR = 1, T3D_ITK_CUBIC = 2 };
enum { T3D_ITK_UINT8 = 0, T3D_ITK_INT16 = 1, T3D_ITK_FLOAT32 = 2 };

/*
 * Resamples once through an affine map of voxel indices. Sizes are (x, y, z), x fastest in memory;
 * outputToInput has the rows (3, 4) and takes an output index to an input index. Places outside of
 * the input take the value at its nearest edge. Returns 0, or 1 with t3d_itk_last_error() set.
 */
int t3d_itk_resample(const float* input, const int* inputSize, float* output, const int* outputSize,
                     const double* outputToInput, int interpolation, int threads);

/*
 * Writes a volume without compression; the ending of the path picks the format (.nrrd, .mha, .nii).
 * Geometry is ITK's: spacing and origin of (x, y, z) in mm, direction (3, 3) row-major, LPS.
 * Returns 0, or 1 with t3d_itk_last_error() set.
 */
int t3d_itk_write(const char* path, const void* voxels, int pixelType, const int* size,
                  const double* spacing, const double* origin, const double* direction);

/* Why the last call of this thread returned 1. */
const char* t3d_itk_last_error(void);

/* ITK's version, such as 5.2.1. */
const char* t3d_itk_version(void);

#ifdef __cplusplus
}
#endif

#endif

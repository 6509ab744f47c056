#include "t3d_itk.h"

#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include "itkAffineTransform.h"
#include "itkBSplineInterpolateImageFunction.h"
#include "itkImage.h"
#include "itkImportImageFilter.h"
#include "itkLinearInterpolateImageFunction.h"
#include "itkMetaImageIO.h"
#include "itkMultiThreaderBase.h"
#include "itkNearestNeighborExtrapolateImageFunction.h"
#include "itkNearestNeighborInterpolateImageFunction.h"
#include "itkNiftiImageIO.h"
#include "itkNrrdImageIO.h"
#include "itkPlatformMultiThreader.h"
#include "itkResampleImageFilter.h"
#include "itkVersion.h"

namespace {

using Image = itk::Image<float, 3>;
using Resampler = itk::ResampleImageFilter<Image, Image, double>;

thread_local std::string lastError;

/* Exceptions must not cross into the JVM. */
template <typename Work>
int guarded(Work&& work) {
  try {
    work();
    return 0;
  } catch (const itk::ExceptionObject& e) {
    lastError = e.GetDescription();
  } catch (const std::exception& e) {
    lastError = e.what();
  } catch (...) {
    lastError = "unknown error";
  }
  return 1;
}

Image::Pointer borrow(const float* voxels, const int* size) {
  auto import = itk::ImportImageFilter<float, 3>::New();
  itk::ImageRegion<3> region;
  for (unsigned int i = 0; i < 3; ++i) {
    region.SetSize(i, static_cast<itk::SizeValueType>(size[i]));
  }
  import->SetRegion(region);
  // ITK wants a pointer to change; the image only reads, and does not own the memory.
  import->SetImportPointer(const_cast<float*>(voxels), region.GetNumberOfPixels(), false);
  import->Update();
  Image::Pointer image = import->GetOutput(); // held before the pipeline lets go of it
  image->DisconnectPipeline();
  return image;
}

itk::AffineTransform<double, 3>::Pointer affine(const double* rows) {
  auto transform = itk::AffineTransform<double, 3>::New();
  itk::AffineTransform<double, 3>::MatrixType matrix;
  itk::AffineTransform<double, 3>::OutputVectorType offset;
  for (unsigned int r = 0; r < 3; ++r) {
    for (unsigned int c = 0; c < 3; ++c) {
      matrix(r, c) = rows[4 * r + c];
    }
    offset[r] = rows[4 * r + 3];
  }
  transform->SetMatrix(matrix);
  transform->SetOffset(offset);
  return transform;
}

void setInterpolator(Resampler* filter, int interpolation) {
  switch (interpolation) {
    case T3D_ITK_NEAREST:
      filter->SetInterpolator(itk::NearestNeighborInterpolateImageFunction<Image, double>::New());
      break;
    case T3D_ITK_LINEAR:
      filter->SetInterpolator(itk::LinearInterpolateImageFunction<Image, double>::New());
      break;
    case T3D_ITK_CUBIC: {
      auto spline = itk::BSplineInterpolateImageFunction<Image, double, float>::New();
      spline->SetSplineOrder(3);
      filter->SetInterpolator(spline);
      break;
    }
    default:
      throw std::invalid_argument("unknown interpolation");
  }
}

bool endsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/* Explicit, so that no factory looks for plug-ins. */
itk::ImageIOBase::Pointer writerFor(const std::string& path) {
  if (endsWith(path, ".nrrd")) {
    return itk::NrrdImageIO::New().GetPointer();
  }
  if (endsWith(path, ".mha")) {
    return itk::MetaImageIO::New().GetPointer();
  }
  if (endsWith(path, ".nii")) {
    return itk::NiftiImageIO::New().GetPointer();
  }
  throw std::invalid_argument("ITK writes .nrrd, .mha and .nii here");
}

itk::IOComponentEnum component(int pixelType) {
  switch (pixelType) {
    case T3D_ITK_UINT8:
      return itk::IOComponentEnum::UCHAR;
    case T3D_ITK_INT16:
      return itk::IOComponentEnum::SHORT;
    case T3D_ITK_FLOAT32:
      return itk::IOComponentEnum::FLOAT;
    default:
      throw std::invalid_argument("unknown pixel type");
  }
}

}  // namespace

int t3d_itk_resample(const float* input, const int* inputSize, float* output, const int* outputSize,
                     const double* outputToInput, int interpolation, int threads) {
  return guarded([&] {
    // ITK's own pool of threads would outlive the call and hold up the JVM's exit.
    itk::MultiThreaderBase::SetGlobalDefaultThreader(itk::MultiThreaderBase::ThreaderEnum::Platform);
    auto filter = Resampler::New();
    filter->SetNumberOfWorkUnits(static_cast<itk::ThreadIdType>(threads));
    filter->SetInput(borrow(input, inputSize));
    filter->SetTransform(affine(outputToInput));
    setInterpolator(filter, interpolation);
    filter->SetExtrapolator(itk::NearestNeighborExtrapolateImageFunction<Image, double>::New());
    Resampler::SizeType size;
    size_t count = 1;
    for (unsigned int i = 0; i < 3; ++i) {
      size[i] = static_cast<itk::SizeValueType>(outputSize[i]);
      count *= size[i];
    }
    filter->SetSize(size);
    filter->Update();
    std::memcpy(output, filter->GetOutput()->GetBufferPointer(), count * sizeof(float));
  });
}

int t3d_itk_write(const char* path, const void* voxels, int pixelType, const int* size,
                  const double* spacing, const double* origin, const double* direction) {
  return guarded([&] {
    itk::ImageIOBase::Pointer io = writerFor(path);
    itk::ImageIORegion region(3);
    io->SetFileName(path);
    io->SetNumberOfDimensions(3);
    for (unsigned int i = 0; i < 3; ++i) {
      io->SetDimensions(i, static_cast<unsigned int>(size[i]));
      io->SetSpacing(i, spacing[i]);
      io->SetOrigin(i, origin[i]);
      io->SetDirection(i, {direction[i], direction[3 + i], direction[6 + i]});
      region.SetSize(i, static_cast<itk::SizeValueType>(size[i]));
    }
    io->SetComponentType(component(pixelType));
    io->SetPixelType(itk::IOPixelEnum::SCALAR);
    io->SetNumberOfComponents(1);
    io->SetUseCompression(false);
    io->SetIORegion(region);
    io->WriteImageInformation();
    io->Write(voxels);
  });
}

const char* t3d_itk_last_error(void) { return lastError.c_str(); }

const char* t3d_itk_version(void) { return itk::Version::GetITKVersion(); }

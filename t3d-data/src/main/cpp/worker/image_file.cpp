#include "image_file.h"

#include <memory>

#include "itkMetaImageIO.h"
#include "itkNiftiImageIO.h"
#include "itkNrrdImageIO.h"

namespace t3d {

namespace {

/* Made by hand: ITK's factories would load plug-ins and guess by content. */
itk::ImageIOBase::Pointer ioFor(uint8_t format) {
  switch (format) {
    case 0:
      return itk::NrrdImageIO::New().GetPointer();
    case 1:
      return itk::MetaImageIO::New().GetPointer();
    case 2:
      return itk::NiftiImageIO::New().GetPointer();
    default:
      throw std::logic_error("unknown format");
  }
}

/* The codes of io.t3d.data.itk.RawType. */
uint8_t codeOf(itk::IOComponentEnum type) {
  const bool wide = sizeof(long) == 8;
  switch (type) {
    case itk::IOComponentEnum::UCHAR:
      return 0;
    case itk::IOComponentEnum::CHAR:
      return 1;
    case itk::IOComponentEnum::USHORT:
      return 2;
    case itk::IOComponentEnum::SHORT:
      return 3;
    case itk::IOComponentEnum::UINT:
      return 4;
    case itk::IOComponentEnum::INT:
      return 5;
    case itk::IOComponentEnum::ULONG:
      return wide ? 6 : 4;
    case itk::IOComponentEnum::LONG:
      return wide ? 7 : 5;
    case itk::IOComponentEnum::ULONGLONG:
      return 6;
    case itk::IOComponentEnum::LONGLONG:
      return 7;
    case itk::IOComponentEnum::FLOAT:
      return 8;
    case itk::IOComponentEnum::DOUBLE:
      return 9;
    default:
      throw FormatError("its voxel type is none that can be read");
  }
}

void check(const itk::ImageIOBase& io) {
  unsigned int dimensions = io.GetNumberOfDimensions();
  while (dimensions > 3 && io.GetDimensions(dimensions - 1) == 1) {
    --dimensions;
  }
  if (dimensions != 3) {
    throw FormatError("a volume has 3 dimensions, this file has " + std::to_string(dimensions) +
                      "; pick one 3D part of it");
  }
  if (io.GetNumberOfComponents() != 1) {
    throw FormatError("a volume has one value per voxel, this file has " +
                      std::to_string(io.GetNumberOfComponents()) +
                      "; colour and vector images cannot be read");
  }
}

void describe(const itk::ImageIOBase& io, Response& response) {
  response.u8(codeOf(io.GetComponentType()));
  for (unsigned int i = 0; i < 3; ++i) {
    response.u32(static_cast<uint32_t>(io.GetDimensions(i)));
  }
  for (unsigned int i = 0; i < 3; ++i) {
    response.f64(io.GetSpacing(i));
  }
  for (unsigned int i = 0; i < 3; ++i) {
    response.f64(io.GetOrigin(i));
  }
  for (unsigned int axis = 0; axis < 3; ++axis) {
    const std::vector<double> direction = io.GetDirection(axis);
    for (unsigned int i = 0; i < 3; ++i) {
      response.f64(direction.at(i));
    }
  }
}

void readVoxels(itk::ImageIOBase& io, const std::string& exchange, uint64_t most) {
  const uint64_t size = static_cast<uint64_t>(io.GetImageSizeInBytes());
  if (size == 0 || size > most) {
    throw FormatError("its header claims " + std::to_string(size) + " bytes of voxels, at most " +
                      std::to_string(most) + " fit; raise -Xmx if the size is right");
  }
  itk::ImageIORegion region(io.GetNumberOfDimensions());
  for (unsigned int i = 0; i < io.GetNumberOfDimensions(); ++i) {
    region.SetSize(i, io.GetDimensions(i));
  }
  io.SetIORegion(region);
  SharedFile shared(exchange, size);
  io.Read(shared.data());
}

}  // namespace

void readImageFile(Request& request, Response& response) {
  const uint8_t format = request.u8();
  const std::string path = request.text();
  const std::string exchange = request.text();
  const uint64_t most = request.u64();
  try {
    itk::ImageIOBase::Pointer io = ioFor(format);
    if (!io->CanReadFile(path.c_str())) {
      throw FormatError("its beginning is not that of this format");
    }
    io->SetFileName(path);
    io->ReadImageInformation();
    check(*io);
    describe(*io, response);
    if (!exchange.empty()) {
      readVoxels(*io, exchange, most);
    }
  } catch (const itk::ExceptionObject&) {
    // Its text can quote the header, which can name a patient.
    throw FormatError("ITK cannot read it: the header or the voxels are damaged");
  }
}

}  // namespace t3d

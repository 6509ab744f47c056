#include "jobs.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dctk.h"
#include "dcmtk/dcmfg/fgderimg.h"
#include "dcmtk/dcmfg/fgfracon.h"
#include "dcmtk/dcmfg/fgpixmsr.h"
#include "dcmtk/dcmfg/fgplanor.h"
#include "dcmtk/dcmfg/fgplanpo.h"
#include "dcmtk/dcmiod/iodreferences.h"
#include "dcmtk/dcmiod/modcommoninstanceref.h"
#include "dcmtk/dcmseg/segdoc.h"
#include "dcmtk/dcmseg/segment.h"

#include <fstream>
#include <memory>

namespace t3d {
namespace {

/* Uint8 per voxel, 0 or the number of a segment; slices in the order of the lines "place". */
std::vector<Uint8> readMask(const std::string& path, size_t bytes) {
  std::vector<Uint8> mask(bytes);
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(mask.data()), static_cast<std::streamsize>(bytes));
  if (static_cast<size_t>(in.gcount()) != bytes || in.peek() != EOF) {
    throw SystemError("the mask has another number of bytes than voxels");
  }
  return mask;
}

/* Texts come in with nameAll: dcmtk's classes take them for ASCII, whatever the object's character set. */
constexpr const char* kLater = "-";

CodeSequenceMacro code(const Fields& f, size_t at) {
  return CodeSequenceMacro(f[at].c_str(), f[at + 1].c_str(), kLater);
}

void addSegments(const Request& request, DcmSegmentation& out) {
  for (const Fields& f : request.all("segment", 7)) {
    DcmSegment* segment = nullptr;
    require(DcmSegment::create(segment, kLater, code(f, 1), code(f, 4), DcmSegTypes::SAT_AUTOMATIC, kLater),
            "the segment " + f[0] + " cannot be described");
    Uint16 number = 0;
    require(out.addSegment(segment, number), "the segment " + f[0] + " cannot be added");
  }
}

void name(DcmItem& item, const DcmTagKey& tag, const std::string& text) {
  require(item.putAndInsertString(tag, text.c_str()), "a text cannot be written");
}

void nameCode(DcmItem& segment, const DcmTagKey& tag, const std::string& meaning) {
  DcmItem* code = nullptr;
  require(segment.findAndGetSequenceItem(tag, code), "a code cannot be written");
  name(*code, DCM_CodeMeaning, meaning);
}

void nameAll(const Request& request, const Fields& software, DcmDataset& data) {
  const std::string& description = request.one("description", 1)[0];
  name(data, DCM_SeriesDescription, description);
  name(data, DCM_ContentDescription, description);
  name(data, DCM_ManufacturerModelName, software[0]);
  name(data, DCM_SoftwareVersions, software[1]);
  name(data, DCM_DeviceSerialNumber, software[2]);
  const auto& segments = request.all("segment", 7);
  for (size_t i = 0; i < segments.size(); i++) {
    DcmItem* segment = nullptr;
    require(data.findAndGetSequenceItem(DCM_SegmentSequence, segment, static_cast<signed long>(i)),
            "a segment cannot be named");
    name(*segment, DCM_SegmentLabel, segments[i][0]);
    name(*segment, DCM_SegmentAlgorithmName, software[0]);
    nameCode(*segment, DCM_SegmentedPropertyCategoryCodeSequence, segments[i][3]);
    nameCode(*segment, DCM_SegmentedPropertyTypeCodeSequence, segments[i][6]);
  }
}

void addShared(const Request& request, DcmSegmentation& out) {
  const Fields& o = request.one("orientation", 6);
  std::unique_ptr<FGPlaneOrientationPatient> orientation(FGPlaneOrientationPatient::createMinimal(
      o[0].c_str(), o[1].c_str(), o[2].c_str(), o[3].c_str(), o[4].c_str(), o[5].c_str()));
  if (!orientation) {
    throw FormatError("its Image Orientation (Patient) cannot be written");
  }
  require(out.addForAllFrames(*orientation), "its orientation cannot be written");

  const Fields& s = request.one("spacing", 4);
  FGPixelMeasures measures;
  require(measures.setPixelSpacing((s[0] + "\\" + s[1]).c_str()), "its Pixel Spacing cannot be written");
  require(measures.setSliceThickness(s[2].c_str()), "its Slice Thickness cannot be written");
  require(measures.setSpacingBetweenSlices(s[3].c_str()), "its Spacing Between Slices cannot be written");
  require(out.addForAllFrames(measures), "its voxel size cannot be written");
}

void addDimensions(DcmSegmentation& out) {
  IODMultiframeDimensionModule& dimensions = out.getDimensions();
  const std::string uid = newUid();
  require(dimensions.addDimensionIndex(DCM_ReferencedSegmentNumber, uid.c_str(), DCM_SegmentIdentificationSequence,
                                       "Segment"),
          "the dimensions cannot be written");
  require(dimensions.addDimensionIndex(DCM_ImagePositionPatient, uid.c_str(), DCM_PlanePositionSequence, "Slice"),
          "the dimensions cannot be written");
}

/* The source frame that a frame of the segmentation lies on. */
std::unique_ptr<FGDerivationImage> derivation(const Fields& file, size_t frame) {
  std::unique_ptr<FGDerivationImage> group(new FGDerivationImage());
  DerivationImageItem* item = nullptr;
  require(group->addDerivationImageItem(CodeSequenceMacro("113076", "DCM", "Segmentation"), "", item),
          "the source cannot be referred to");
  DcmDataset image;
  image.putAndInsertString(DCM_SOPClassUID, file[1].c_str());
  image.putAndInsertString(DCM_SOPInstanceUID, file[2].c_str());
  SourceImageItem* source = nullptr;
  require(item->addSourceImageItem(&image,
                                   CodeSequenceMacro("121322", "DCM", "Source image for image processing operation"),
                                   source),
          "the source cannot be referred to");
  if (frame > 65535) {
    throw FormatError("it has more than 65535 frames in a file, which a segmentation cannot refer to");
  }
  if (frame > 0) {
    require(source->getImageSOPInstanceReference().addReferencedFrameNumber(static_cast<Uint16>(frame)),
            "the source cannot be referred to");
  }
  return group;
}

void addFrame(const Fields& place, const Fields& file, size_t slice, Uint16 segment, Uint8* pixels,
              DcmSegmentation& out) {
  std::unique_ptr<FGPlanePosPatient> position(
      FGPlanePosPatient::createMinimal(place[2].c_str(), place[3].c_str(), place[4].c_str()));
  if (!position) {
    throw FormatError("its Image Position (Patient) cannot be written");
  }
  FGFrameContent content;
  require(content.setDimensionIndexValues(segment, 0), "a frame cannot be numbered");
  require(content.setDimensionIndexValues(static_cast<Uint32>(slice + 1), 1), "a frame cannot be numbered");
  const std::unique_ptr<FGDerivationImage> source = derivation(file, number(place[1]));
  OFVector<FGBase*> groups;
  groups.push_back(position.get());
  groups.push_back(&content);
  groups.push_back(source.get());
  require(out.addFrame(pixels, segment, groups), "a frame cannot be added");
}

/*
 * Pixels one after the other, the first in the lowest bit (PS3.5, D.1), with no gap between frames. dcmtk 3.6.7 does so
 * too, but mixes up frames whose number of pixels is no multiple of 8.
 */
class Bits {
 public:
  void add(const std::vector<Uint8>& pixels) {
    for (const Uint8 pixel : pixels) {
      if (count_ % 8 == 0) {
        bytes_.push_back(0);
      }
      bytes_.back() |= static_cast<Uint8>(pixel << (count_ % 8));
      count_++;
    }
  }

  void put(DcmDataset& data) {
    bytes_.resize((bytes_.size() + 1) / 2 * 2);
    require(data.putAndInsertUint8Array(DCM_PixelData, bytes_.data(), static_cast<unsigned long>(bytes_.size())),
            "the frames cannot be written");
  }

 private:
  std::vector<Uint8> bytes_;
  size_t count_ = 0;
};

/* Frames of the slices where a segment is; one empty frame where it is nowhere. */
void addFrames(const Request& request, size_t rows, size_t columns, const std::vector<Uint8>& mask,
               DcmSegmentation& out, Bits& bits) {
  const auto& places = request.all("place", 5);
  const auto& files = request.all("file", 3);
  const size_t area = rows * columns;
  std::vector<Uint8> pixels(area);
  for (Uint16 segment = 1; segment <= request.all("segment", 7).size(); segment++) {
    bool somewhere = false;
    for (size_t n = 0; n <= places.size(); n++) {
      const bool last = n == places.size();
      if (last && somewhere) {
        break;
      }
      const size_t slice = last ? 0 : n;
      bool here = false;
      for (size_t i = 0; i < area; i++) {
        pixels[i] = mask[slice * area + i] == segment ? 1 : 0;
        here |= pixels[i] != 0;
      }
      if (here || last) {
        somewhere = true;
        addFrame(places[slice], files.at(number(places[slice][0])), slice, segment, pixels.data(), out);
        bits.add(pixels);
      }
    }
  }
}

void addReferences(const Request& request, DcmDataset* source, DcmSegmentation& out) {
  const std::string study = text(source, 0x0020, 0x000d);
  const std::string series = text(source, 0x0020, 0x000e);
  IODReferences references;
  for (const Fields& file : request.all("file", 3)) {
    references.add(new IODImageReference("", study.c_str(), series.c_str(), file[2].c_str(), file[1].c_str()));
  }
  const size_t added = out.getCommonInstanceReference().addReferences(references, study.c_str());
  if (added != references.size()) {
    throw FormatError("its images cannot be referred to; are their SOP Instance UIDs valid?");
  }
}

}  // namespace

std::string writeSegmentation(const Request& request) {
  const Fields& size = request.one("size", 3);
  const size_t slices = number(size[0]);
  const size_t rows = number(size[1]);
  const size_t columns = number(size[2]);
  if (request.all("place", 5).size() != slices || request.all("file", 3).empty()) {
    throw SystemError("the request must place each slice");
  }
  const std::vector<Uint8> mask = readMask(request.one("mask", 1)[0], slices * rows * columns);
  const Fields& software = request.one("software", 3); // name, version, serial number

  DcmFileFormat first;
  DcmDataset* source = loadSource(request.all("file", 3)[0][0], first);
  if (text(source, 0x0020, 0x0052).empty()) {
    throw FormatError("it has no Frame of Reference UID, in which a segmentation lies; export the series again");
  }

  const ContentIdentificationMacro content("1", "SEGMENTATION", kLater, "");
  DcmSegmentation* made = nullptr;
  require(DcmSegmentation::createBinarySegmentation(made, static_cast<Uint16>(rows), static_cast<Uint16>(columns),
                                                    IODGeneralEquipmentModule::EquipmentInfo("T3D", kLater, kLater, kLater),
                                                    content),
          "a segmentation cannot be made");
  const std::unique_ptr<DcmSegmentation> out(made);
  require(out->importFromSourceImage(*source), "patient and study cannot be taken over");
  require(out->getSOPCommon().setSpecificCharacterSet("ISO_IR 192"), "the character set cannot be set");

  const std::string instance = newUid();
  require(out->getSOPCommon().setSOPInstanceUID(instance.c_str()), "the UID cannot be set");
  IODGeneralSeriesModule& series = out->getSeries();
  require(series.setSeriesInstanceUID(newUid().c_str()), "the series cannot be described");
  require(series.setSeriesNumber(request.one("series", 1)[0].c_str()), "the series cannot be described");
  const std::string date = currentDate();
  const std::string time = currentTime();
  require(series.setSeriesDate(date.c_str()), "the series cannot be described");
  require(series.setSeriesTime(time.c_str()), "the series cannot be described");
  require(out->getGeneralImage().setContentDate(date.c_str()), "the date cannot be written");
  require(out->getGeneralImage().setContentTime(time.c_str()), "the time cannot be written");

  addSegments(request, *out);
  addShared(request, *out);
  addDimensions(*out);
  Bits bits;
  addFrames(request, rows, columns, mask, *out, bits);
  addReferences(request, source, *out);

  DcmFileFormat file;
  require(out->writeDataset(*file.getDataset()), "it cannot be written");
  bits.put(*file.getDataset());
  nameAll(request, software, *file.getDataset());
  require(file.saveFile(request.one("out", 1)[0].c_str(), EXS_LittleEndianExplicit), "it cannot be written");
  return std::string(UID_SegmentationStorage) + "\t" + instance;
}

}  // namespace t3d

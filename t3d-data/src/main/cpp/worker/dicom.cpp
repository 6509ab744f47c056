#include "dicom.h"

#include <gdcmDataElement.h>
#include <gdcmImageReader.h>
#include <gdcmSequenceOfItems.h>
#include <gdcmTrace.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <vector>

#include "dicom_file.h"
#include "memory.h"

namespace t3d {

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
/* It is there, but is no number: must never pass for missing, which may have a default. */
constexpr double kUnreadable = std::numeric_limits<double>::infinity();
/* It is there, but has no value. */
constexpr double kEmpty = -std::numeric_limits<double>::infinity();
constexpr uint32_t kNoNumber = 0xffffffffu;

/* OpenJPEG alone holds a sample in four bytes, twice. */
constexpr uint64_t kDecoderCopies = 8;

/* How io.t3d.data.itk.DicomScan reads a record. */
enum Kind : uint8_t { kNotDicom = 0, kNoImage = 1, kImage = 2, kDamaged = 3 };

const gdcm::Tag kFunctionalShared(0x5200, 0x9229);
const gdcm::Tag kFunctionalPerFrame(0x5200, 0x9230);

std::string textOf(const gdcm::DataSet& data, uint16_t group, uint16_t element) {
  const gdcm::Tag tag(group, element);
  if (!data.FindDataElement(tag)) {
    return "";
  }
  const gdcm::ByteValue* value = data.GetDataElement(tag).GetByteValue();
  if (value == nullptr || value->GetPointer() == nullptr) {
    return "";
  }
  std::string text(value->GetPointer(), value->GetLength());
  const size_t from = text.find_first_not_of(' ');
  const size_t to = text.find_last_not_of(std::string(" \0", 2));
  return from == std::string::npos || to == std::string::npos ? "" : text.substr(from, to - from + 1);
}

uint32_t shortOf(const gdcm::DataSet& data, uint16_t group, uint16_t element) {
  const gdcm::Tag tag(group, element);
  const gdcm::ByteValue* value =
      data.FindDataElement(tag) ? data.GetDataElement(tag).GetByteValue() : nullptr;
  if (value == nullptr || value->GetPointer() == nullptr || value->GetLength() < 2) {
    return kNoNumber;
  }
  uint16_t number;
  std::memcpy(&number, value->GetPointer(), 2); // GDCM has swapped it
  return number;
}

/* Decimal strings, as many as wanted, or all of them missing, or all of them unreadable. */
std::vector<double> decimals(const gdcm::DataSet& data, uint16_t group, uint16_t element, size_t count) {
  if (!data.FindDataElement(gdcm::Tag(group, element))) {
    return std::vector<double>(count, kMissing);
  }
  const std::string text = textOf(data, group, element);
  if (text.empty()) {
    return std::vector<double>(count, kEmpty);
  }
  std::vector<double> values;
  const char* at = text.c_str();
  while (values.size() < count) {
    char* end;
    const double value = std::strtod(at, &end);
    while (*end == ' ') {
      ++end;
    }
    if (end == at || (*end != '\\' && *end != '\0') || !std::isfinite(value)) {
      break;
    }
    values.push_back(value);
    if (*end == '\0') {
      break;
    }
    at = end + 1;
  }
  return values.size() == count ? values : std::vector<double>(count, kUnreadable);
}

/* The last place that a decimal string tells: 0.1 of 12.5, 1 of 12, 0.01 of 1.25e1. */
double lastPlace(const std::string& text) {
  const size_t exponent = text.find_first_of("eE");
  const std::string mantissa = text.substr(0, exponent);
  const size_t point = mantissa.find('.');
  const double decimals =
      point == std::string::npos
          ? 0
          : static_cast<double>(std::count_if(mantissa.begin() + static_cast<std::ptrdiff_t>(point), mantissa.end(),
                                              [](char c) { return c >= '0' && c <= '9'; }));
  const double power = exponent == std::string::npos ? 0 : std::atof(text.c_str() + exponent + 1);
  return std::pow(10, power - decimals);
}

/* As above, of three numbers. */
std::vector<double> lastPlaces(const gdcm::DataSet& data, uint16_t group, uint16_t element) {
  std::vector<double> places;
  std::istringstream parts(textOf(data, group, element));
  for (std::string one; places.size() < 3 && std::getline(parts, one, '\\');) {
    places.push_back(lastPlace(one));
  }
  places.resize(3, kMissing);
  return places;
}

/* One that may as well be missing when it cannot be read. */
double optional(const gdcm::DataSet& data, uint16_t group, uint16_t element) {
  const double value = decimals(data, group, element, 1)[0];
  return std::isfinite(value) ? value : kMissing;
}

uint32_t integerOf(const gdcm::DataSet& data, uint16_t group, uint16_t element) {
  const double value = decimals(data, group, element, 1)[0];
  return value >= 0 && value < 4e9 ? static_cast<uint32_t>(value) : kNoNumber;
}

/* What places one frame and gives its values a meaning. */
struct Frame {
  std::vector<double> position{kMissing, kMissing, kMissing};
  std::vector<double> positionPlaces{kMissing, kMissing, kMissing};
  std::vector<double> orientation = std::vector<double>(6, kMissing);
  std::vector<double> spacing{kMissing, kMissing};
  double thickness = kMissing;
  double slope = kMissing;
  double intercept = kMissing;

  void take(std::vector<double>& to, const std::vector<double>& found) {
    if (!std::isnan(found[0])) {
      to = found;
    }
  }
  void take(double& to, double found) {
    if (!std::isnan(found)) {
      to = found;
    }
  }
  void takeFrom(const gdcm::DataSet& d) {
    take(position, decimals(d, 0x0020, 0x0032, 3));
    take(positionPlaces, lastPlaces(d, 0x0020, 0x0032));
    take(orientation, decimals(d, 0x0020, 0x0037, 6));
    take(spacing, decimals(d, 0x0028, 0x0030, 2));
    take(thickness, optional(d, 0x0018, 0x0050));
    take(intercept, decimals(d, 0x0028, 0x1052, 1)[0]);
    take(slope, decimals(d, 0x0028, 0x1053, 1)[0]);
  }
};

gdcm::SmartPointer<gdcm::SequenceOfItems> sequence(const gdcm::DataSet& data, const gdcm::Tag& tag) {
  if (!data.FindDataElement(tag)) {
    return nullptr;
  }
  return data.GetDataElement(tag).GetValueAsSQ();
}

/* Plane position, plane orientation, pixel measures and pixel value transformation of a group. */
void takeGroup(Frame& frame, const gdcm::DataSet& group) {
  for (const gdcm::Tag& tag : {gdcm::Tag(0x0020, 0x9113), gdcm::Tag(0x0020, 0x9116),
                               gdcm::Tag(0x0028, 0x9110), gdcm::Tag(0x0028, 0x9145)}) {
    auto items = sequence(group, tag);
    if (items != nullptr && items->GetNumberOfItems() > 0) {
      frame.takeFrom(items->GetItem(1).GetNestedDataSet());
    }
  }
}

/* One entry per frame; none when a file of several frames does not place each of them. */
std::vector<Frame> framesOf(const gdcm::DataSet& data, uint32_t count) {
  Frame all;
  all.takeFrom(data);
  auto shared = sequence(data, kFunctionalShared);
  if (shared != nullptr && shared->GetNumberOfItems() > 0) {
    takeGroup(all, shared->GetItem(1).GetNestedDataSet());
  }
  auto groups = sequence(data, kFunctionalPerFrame);
  if (groups == nullptr) {
    return count == 1 ? std::vector<Frame>{all} : std::vector<Frame>{};
  }
  if (groups->GetNumberOfItems() != count) {
    throw FormatError("its header claims " + std::to_string(count) + " frames, but places " +
                      std::to_string(groups->GetNumberOfItems()));
  }
  std::vector<Frame> frames(count, all);
  for (uint32_t i = 0; i < count; ++i) {
    takeGroup(frames[i], groups->GetItem(i + 1).GetNestedDataSet());
  }
  return frames;
}

void put(Response& response, const std::vector<double>& values) {
  for (double value : values) {
    response.f64(value);
  }
}

bool hasImageTags(const gdcm::DataSet& data, const DicomFile& file) {
  return file.pixels().found || shortOf(data, 0x0028, 0x0010) != kNoNumber ||
         data.FindDataElement(gdcm::Tag(0x7fe0, 0x0008)) || data.FindDataElement(gdcm::Tag(0x7fe0, 0x0009));
}

/* The storage classes of CT, MR, PET, NM, US, XA, secondary capture and their enhanced forms. */
bool isImageClass(const std::string& uid) {
  for (const char* end : {".1", ".2", ".4", ".7", ".20", ".128", ".130", ".6.1", ".3.1", ".12"}) {
    const std::string base = "1.2.840.10008.5.1.4.1.1" + std::string(end);
    if (uid == base || uid.rfind(base + ".", 0) == 0) {
      return true;
    }
  }
  return false;
}

uint32_t framesClaimed(const gdcm::DataSet& data) {
  if (!data.FindDataElement(gdcm::Tag(0x0028, 0x0008))) {
    return 1;
  }
  const uint32_t claimed = integerOf(data, 0x0028, 0x0008);
  if (claimed == kNoNumber || claimed == 0) {
    throw FormatError("its Number of Frames is no number above 0; the header is damaged");
  }
  return claimed;
}

/* Siemens MR: many slices as tiles of one image. Says so in Image Type, or in a private element. */
bool isMosaic(const gdcm::DataSet& d) {
  if (textOf(d, 0x0008, 0x0008).find("MOSAIC") != std::string::npos) {
    return true;
  }
  for (uint16_t block = 0x10; block < 0x20; ++block) {
    if (textOf(d, 0x0019, block) == "SIEMENS MR HEADER") {
      const uint32_t tiles = shortOf(d, 0x0019, static_cast<uint16_t>(block << 8 | 0x0a));
      return tiles != kNoNumber && tiles > 1;
    }
  }
  return false;
}

void describeImage(DicomFile& file, Response& out) {
  const gdcm::DataSet& d = file.data();
  const uint32_t rows = shortOf(d, 0x0028, 0x0010);
  const uint32_t columns = shortOf(d, 0x0028, 0x0011);
  const uint32_t samples = shortOf(d, 0x0028, 0x0002);
  const uint32_t allocated = shortOf(d, 0x0028, 0x0100);
  const uint32_t count = framesClaimed(d);
  const uint32_t representation = shortOf(d, 0x0028, 0x0103);
  if (representation > 1) {
    throw FormatError("its Pixel Representation must be 0 (unsigned) or 1 (signed), it is another or missing");
  }
  for (uint32_t needed : {rows, columns, allocated}) {
    if (needed == kNoNumber || needed == 0) {
      throw FormatError("its header lacks Rows, Columns or Bits Allocated; the file is damaged");
    }
  }
  if (samples == 1 || samples == kNoNumber) { // others are refused for what they are
    const uint64_t bits = static_cast<uint64_t>(rows) * columns * count * allocated;
    file.requirePixels((bits + 7) / 8, count);
  }
  const std::vector<Frame> frames = framesOf(d, count);
  out.u8(kImage);
  out.text(textOf(d, 0x0020, 0x000e)); // series
  out.text(textOf(d, 0x0008, 0x0060)); // modality
  out.text(textOf(d, 0x0028, 0x0004)); // photometric interpretation
  out.text(textOf(d, 0x0008, 0x0016)); // SOP class
  out.text(textOf(d, 0x0008, 0x0018)); // SOP instance
  out.text(textOf(d, 0x0020, 0x0052)); // frame of reference
  out.u8(isMosaic(d) ? 1 : 0);
  out.u32(integerOf(d, 0x0020, 0x0011)); // series number
  out.u32(integerOf(d, 0x0020, 0x0012)); // acquisition number
  out.u32(rows);
  out.u32(columns);
  out.u32(samples == kNoNumber ? 1 : samples);
  out.u32(allocated);
  out.u32(shortOf(d, 0x0028, 0x0101)); // bits stored
  out.u32(shortOf(d, 0x0028, 0x0102)); // high bit
  out.u32(representation); // signed
  out.u8(d.FindDataElement(gdcm::Tag(0x0028, 0x3000)) ? 1 : 0); // modality lookup table
  out.f64(optional(d, 0x0018, 0x0088)); // spacing between slices
  out.u32(count);
  out.u32(static_cast<uint32_t>(frames.size()));
  for (const Frame& frame : frames) {
    put(out, frame.position);
    put(out, frame.positionPlaces);
    put(out, frame.orientation);
    put(out, frame.spacing);
    put(out, {frame.thickness, frame.slope, frame.intercept});
  }
}

Response scanOne(const std::string& path) {
  Response out;
  try {
    const bool magic = DicomFile::hasMagic(path);
    DicomFile file(path);
    std::string sopClass = textOf(file.data(), 0x0008, 0x0016);
    if (sopClass.empty()) {
      sopClass = file.mediaStorage();
    }
    const bool image = hasImageTags(file.data(), file) || isImageClass(sopClass);
    if (!magic && !image) {
      out.u8(kNotDicom);
    } else if (!image && !sopClass.empty()) {
      out.u8(kNoImage);
    } else {
      Response record;
      describeImage(file, record);
      out = record;
    }
  } catch (const FormatError& e) {
    out = Response();
    const bool magic = DicomFile::hasMagic(path);
    out.u8(magic ? kDamaged : kNotDicom);
    if (magic) {
      out.text(e.what());
    }
  } catch (const SystemError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) { // GDCM's own
    out = Response();
    out.u8(kDamaged);
    out.text("its DICOM header is damaged");
  }
  return out;
}

/* libjpeg and others report damage on stderr only, and fill in what is missing. */
bool complained() {
  const off_t size = lseek(STDERR_FILENO, 0, SEEK_CUR);
  if (size <= 0) {
    return false;
  }
  std::string text(static_cast<size_t>(size), '\0');
  const ssize_t got = pread(STDERR_FILENO, &text[0], text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  for (const char* word : {"Corrupt", "corrupt", "Premature", "premature", "runcated", "rror"}) {
    if (text.find(word) != std::string::npos) {
      return true;
    }
  }
  return false;
}

void forgetComplaints() {
  if (ftruncate(STDERR_FILENO, 0) == 0) {
    lseek(STDERR_FILENO, 0, SEEK_SET);
  }
}

void decodeWithGdcm(DicomFile& file, char* to, uint64_t size, uint32_t rows, uint32_t columns) {
  const MemoryBudget budget(kDecoderCopies * (file.size() + size));
  gdcm::ImageReader reader;
  reader.SetStream(file.oneFragmentPerFrame());
  if (!reader.Read()) {
    throw FormatError("its pixel data cannot be decoded; the file is damaged");
  }
  const gdcm::Image& image = reader.GetImage();
  if (image.GetBufferLength() != size || image.GetDimension(0) != columns || image.GetDimension(1) != rows) {
    throw FormatError("its compressed image has another size than the header says");
  }
  forgetComplaints();
  const bool done = image.GetBuffer(to);
  const bool damaged = complained();
  forgetComplaints();
  if (!done || damaged) {
    throw FormatError("its pixel data cannot be decoded; the file is damaged");
  }
}

}  // namespace

void scanDicom(Request& request, Response& response) {
  gdcm::Trace::WarningOff();
  const uint32_t count = request.u32();
  for (uint32_t i = 0; i < count; ++i) {
    progress(i);
    const Response record = scanOne(request.text());
    response.text(record.bytes());
  }
}

void decodeDicom(Request& request, Response&) {
  const std::string exchange = request.text();
  const uint32_t rows = request.u32();
  const uint32_t columns = request.u32();
  const uint32_t bytes = request.u32();
  const uint64_t total = request.u64();
  const uint32_t count = request.u32();
  const uint64_t perFrame = static_cast<uint64_t>(rows) * columns * bytes;
  SharedFile shared(exchange, perFrame * total);
  uint64_t done = 0;
  for (uint32_t i = 0; i < count; ++i) {
    progress(i);
    const std::string path = request.text();
    const uint32_t frames = request.u32();
    const uint64_t size = perFrame * frames;
    try {
      if (frames > total - done) {
        throw std::logic_error("more frames than announced");
      }
      DicomFile file(path);
      file.requirePixels(size, frames);
      char* to = shared.data() + done * perFrame;
      const bool plain = !file.pixels().encapsulated && !file.bigEndian();
      if (plain) {
        file.at(file.pixels().offset).read(to, static_cast<std::streamsize>(size));
      } else {
        decodeWithGdcm(file, to, size, rows, columns);
      }
    } catch (const FormatError& e) {
      throw FileError(i, e.what());
    } catch (const std::bad_alloc&) {
      throw FileError(i, "it takes more memory to decode than its size warrants; the file is damaged");
    }
    done += frames;
  }
}

}  // namespace t3d

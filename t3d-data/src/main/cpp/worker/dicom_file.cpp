#include "dicom_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "memory.h"
#include "wire.h"

namespace t3d {

namespace {

const char kDeflated[] = "1.2.840.10008.1.2.1.99";
const char kExplicitLittle[] = "1.2.840.10008.1.2.1";
constexpr uint64_t kPreamble = 132;
/* GDCM holds a value in a buffer, and sequences in a second one. */
constexpr uint64_t kHeaderCopies = 4;

std::string trimmed(const std::string& text) {
  size_t end = text.size();
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\0')) {
    --end;
  }
  return text.substr(0, end);
}

/* Walks the file meta information (always explicit, little-endian): its end, and the syntax. */
struct Meta {
  uint64_t end = kPreamble;
  std::string syntax;
};

Meta walkMeta(std::istream& in) {
  Meta meta;
  unsigned char head[8];
  while (in.seekg(static_cast<std::streamoff>(meta.end)) && in.read(reinterpret_cast<char*>(head), 8) &&
         head[0] == 2 && head[1] == 0) {
    const std::string vr(reinterpret_cast<char*>(head) + 4, 2);
    uint64_t length = head[6] | head[7] << 8;
    uint64_t value = meta.end + 8;
    if (vr == "OB" || vr == "UN" || vr == "OW" || vr == "UT" || vr == "SQ") {
      unsigned char wide[4];
      if (!in.read(reinterpret_cast<char*>(wide), 4)) {
        break;
      }
      length = wide[0] | wide[1] << 8 | wide[2] << 16 | static_cast<uint64_t>(wide[3]) << 24;
      value += 4;
    } else if (head[2] == 0x10 && head[3] == 0 && length < 128) {
      meta.syntax.resize(length);
      in.read(&meta.syntax[0], static_cast<std::streamsize>(length));
    }
    meta.end = value + length;
  }
  in.clear();
  meta.syntax = trimmed(meta.syntax);
  return meta;
}

std::string inflateAll(const std::string& packed) {
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out;
  std::vector<char> chunk(1 << 18);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  int state;
  do {
    z.next_out = reinterpret_cast<Bytef*>(chunk.data());
    z.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&z, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - z.avail_out);
  } while (state == Z_OK);
  inflateEnd(&z);
  if (state != Z_STREAM_END) {
    throw FormatError("its deflated data is damaged or truncated; copy the file again");
  }
  return out;
}

/* GDCM hides damage of a deflated data set, so it gets the inflated one as explicit VR. */
std::unique_ptr<std::istream> inflated(std::istream& in, uint64_t from) {
  in.seekg(static_cast<std::streamoff>(from));
  std::string packed{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::string syntax(kExplicitLittle);
  syntax.resize((syntax.size() + 1) / 2 * 2, '\0');
  std::string file(128, '\0');
  file += "DICM";
  const char group[] = {2, 0, 0, 0, 'U', 'L', 4, 0, static_cast<char>(8 + syntax.size()), 0, 0, 0};
  const char element[] = {2, 0, 0x10, 0, 'U', 'I', static_cast<char>(syntax.size()), 0};
  file.append(group, sizeof group).append(element, sizeof element).append(syntax);
  return std::make_unique<std::istringstream>(file + inflateAll(packed));
}

std::unique_ptr<std::istream> openFile(const std::string& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    throw SystemError("it cannot be opened for reading");
  }
  const Meta meta = walkMeta(*file);
  if (meta.syntax == kDeflated) {
    return inflated(*file, meta.end);
  }
  return file;
}

}  // namespace

bool DicomFile::hasMagic(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw SystemError("it cannot be opened for reading");
  }
  char magic[4];
  return file.seekg(128) && file.read(magic, 4) && std::memcmp(magic, "DICM", 4) == 0;
}

DicomFile::DicomFile(const std::string& path) : stream_(openFile(path)) {
  stream_->seekg(0, std::ios::end);
  size_ = static_cast<uint64_t>(stream_->tellg());
  at(0);
  const gdcm::Tag pixelData(0x7fe0, 0x0010);
  reader_.SetStream(*stream_);
  if (!readHeader(pixelData)) {
    throw FormatError("its DICOM header is damaged");
  }
  locatePixels();
}

bool DicomFile::readHeader(const gdcm::Tag& end) {
  const MemoryBudget budget(kHeaderCopies * size_);
  try {
    return reader_.ReadUpToTag(end, std::set<gdcm::Tag>{end});
  } catch (const std::bad_alloc&) {
    throw FormatError("its DICOM header claims values longer than the file");
  }
}

std::string DicomFile::mediaStorage() const {
  const std::string uid = reader_.GetFile().GetHeader().GetMediaStorageAsString();
  return trimmed(uid);
}

std::string DicomFile::transferSyntax() const {
  const char* uid = reader_.GetFile().GetHeader().GetDataSetTransferSyntax().GetString();
  return uid == nullptr ? "" : uid;
}

bool DicomFile::bigEndian() const {
  return reader_.GetFile().GetHeader().GetDataSetTransferSyntax().GetSwapCode() == gdcm::SwapCode::BigEndian;
}

std::istream& DicomFile::at(uint64_t offset) {
  stream_->clear();
  stream_->seekg(static_cast<std::streamoff>(offset));
  return *stream_;
}

uint64_t DicomFile::number(uint64_t offset, int bytes) {
  unsigned char raw[4] = {0, 0, 0, 0};
  if (!at(offset).read(reinterpret_cast<char*>(raw), bytes)) {
    throw FormatError("its compressed pixel data is truncated; copy the file again");
  }
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(raw[bigEndian() ? bytes - 1 - i : i]) << (8 * i);
  }
  return value;
}

/* GDCM has stopped behind the head of the pixel data, 8 or 12 bytes long, or at the end. */
void DicomFile::locatePixels() {
  stream_->clear();
  const std::streamoff position = stream_->tellg();
  const uint64_t end = static_cast<uint64_t>(position);
  const bool implicit = reader_.GetFile().GetHeader().GetDataSetTransferSyntax().IsImplicit();
  const uint64_t head = implicit ? 8 : 12;
  if (position < 0 || end > size_ || end < head || number(end - head, 2) != 0x7fe0 ||
      number(end - head + 2, 2) != 0x0010) {
    return;
  }
  pixels_.found = true;
  pixels_.offset = end;
  pixels_.length = number(end - 4, 4);
  pixels_.encapsulated = pixels_.length == 0xffffffffu;
  if (pixels_.encapsulated) {
    pixels_.length = size_ - end;
  }
}

void DicomFile::requirePixels(uint64_t bytes, uint64_t frames) {
  if (!pixels_.found) {
    throw FormatError("it has no pixel data (7FE0,0010); the file is truncated or holds no image");
  }
  if (pixels_.encapsulated) {
    walkFragments(frames);
    return;
  }
  const uint64_t there = std::min(pixels_.length, size_ - pixels_.offset);
  if (there < bytes) {
    throw FormatError("truncated: its header claims " + std::to_string(bytes) +
                      " bytes of voxels, the file holds " + std::to_string(there) +
                      "; copy the file again");
  }
  // Some writers pad the end. A whole frame more is no padding.
  if (frames > 0 && there - bytes >= bytes / frames) {
    throw FormatError("its header claims " + std::to_string(frames) + " frames of " +
                      std::to_string(bytes / frames) + " bytes, the file holds " +
                      std::to_string(there) + " bytes of voxels; the header is damaged");
  }
}

/* An offset table, then fragments, then a delimiter, all inside the file. */
void DicomFile::walkFragments(uint64_t frames) {
  uint64_t place = pixels_.offset;
  uint64_t items = 0;
  uint64_t last = 0;
  uint64_t lastLength = 0;
  for (;;) {
    const uint64_t group = number(place, 2);
    const uint64_t element = number(place + 2, 2);
    const uint64_t length = number(place + 4, 4);
    if (group == 0xfffe && element == 0xe0dd) {
      break;
    }
    if (group != 0xfffe || element != 0xe000 || length > size_ - place - 8) {
      throw FormatError("its compressed pixel data is truncated; copy the file again");
    }
    last = place + 8;
    lastLength = length;
    place += 8 + length;
    ++items;
  }
  if (items < 1 + frames) {
    throw FormatError("its header claims " + std::to_string(frames) + " frames, the file holds " +
                      std::to_string(items == 0 ? 0 : items - 1) + " compressed fragments");
  }
  requireEndOfImage(last, lastLength);
}

/* JPEG, JPEG-LS and JPEG 2000 end with the marker FFD9, and decoders fill in what is missing. */
void DicomFile::requireEndOfImage(uint64_t from, uint64_t length) {
  if (transferSyntax().rfind("1.2.840.10008.1.2.4.", 0) != 0) {
    return;
  }
  const uint64_t look = std::min<uint64_t>(length, 16);
  std::string tail(look, '\0');
  at(from + length - look).read(&tail[0], static_cast<std::streamsize>(look));
  if (tail.rfind("\xff\xd9") == std::string::npos) {
    throw FormatError("its compressed image has no end; the file was cut before it was packed");
  }
}

}  // namespace t3d

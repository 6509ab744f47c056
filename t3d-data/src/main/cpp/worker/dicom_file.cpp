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
const char kImplicitLittle[] = "1.2.840.10008.1.2";
const char kExplicitLittle[] = "1.2.840.10008.1.2.1";
const char kExplicitBig[] = "1.2.840.10008.1.2.2";
const char kCompressed[] = "1.2.840.10008.1.2.4.";
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

/* What GDCM 3.0 has no decoder for, by the last part of the UID. */
struct Unreadable {
  const char* end;
  const char* name;
};

constexpr Unreadable kUnreadableSyntaxes[] = {
    {"201", "HTJ2K lossless"},
    {"202", "HTJ2K lossless RPCL"},
    {"203", "HTJ2K"},
    {"204", "JPIP HTJ2K"},
    {"205", "JPIP HTJ2K deflated"},
    {"110", "JPEG XL lossless"},
    {"111", "JPEG XL JPEG recompression"},
    {"112", "JPEG XL"},
    {"94", "JPIP"},
    {"95", "JPIP deflated"},
    {"100", "MPEG-2 video"},
    {"100.1", "MPEG-2 video"},
    {"101", "MPEG-2 video"},
    {"101.1", "MPEG-2 video"},
    {"102", "MPEG-4 video"},
    {"102.1", "MPEG-4 video"},
    {"103", "MPEG-4 video"},
    {"103.1", "MPEG-4 video"},
    {"104", "MPEG-4 video"},
    {"104.1", "MPEG-4 video"},
    {"105", "MPEG-4 video"},
    {"105.1", "MPEG-4 video"},
    {"106", "MPEG-4 video"},
    {"106.1", "MPEG-4 video"},
    {"107", "HEVC video"},
    {"108", "HEVC video"},
};

bool isUid(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789.") == std::string::npos;
}

void requireReadable(const std::string& syntax) {
  std::string name;
  for (const Unreadable& u : kUnreadableSyntaxes) {
    if (syntax == kCompressed + std::string(u.end)) {
      name = u.name;
    }
  }
  if (syntax == "1.2.840.10008.1.2.8.1") {
    name = "deflated image frames";
  } else if (syntax.rfind("1.2.840.10008.1.2.7.", 0) == 0) {
    name = "SMPTE ST 2110 video";
  }
  if (name.empty() && gdcm::TransferSyntax::GetTSType(syntax.c_str()) == gdcm::TransferSyntax::TS_END) {
    name = "unknown";
  }
  if (!name.empty()) {
    throw FormatError("its transfer syntax " + syntax + " (" + name +
                      ") cannot be decoded; convert the series to JPEG 2000 or explicit VR, or export it anew");
  }
}

/* How a data set is written, by its first element: which writers get wrong in the meta information. */
std::string syntaxOf(const char* head) {
  const auto* b = reinterpret_cast<const unsigned char*>(head);
  const bool big = b[0] == 0 && b[1] != 0;
  const std::string vr(head + 4, 2);
  static const std::set<std::string> known{"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO",
                                           "LT", "OB", "OD", "OF", "OL", "OV", "OW", "PN", "SH", "SL", "SQ",
                                           "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV"};
  if (known.count(vr) == 0) {
    return big ? "" : kImplicitLittle;
  }
  return big ? kExplicitBig : kExplicitLittle;
}

/* The head of a file of this syntax. */
std::string headOf(std::string syntax) {
  syntax.resize((syntax.size() + 1) / 2 * 2, '\0');
  std::string file(128, '\0');
  file += "DICM";
  const char group[] = {2, 0, 0, 0, 'U', 'L', 4, 0, static_cast<char>(8 + syntax.size()), 0, 0, 0};
  const char element[] = {2, 0, 0x10, 0, 'U', 'I', static_cast<char>(syntax.size()), 0};
  return file.append(group, sizeof group).append(element, sizeof element).append(syntax);
}

std::string rest(std::istream& in, uint64_t from) {
  in.seekg(static_cast<std::streamoff>(from));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/* GDCM hides damage of a deflated data set, so it gets the inflated one under its plain syntax. */
std::unique_ptr<std::istream> inflated(std::istream& in, uint64_t from) {
  const std::string data = inflateAll(rest(in, from));
  const std::string syntax = data.size() < 8 ? "" : syntaxOf(data.data());
  return std::make_unique<std::istringstream>(headOf(syntax.empty() ? kExplicitLittle : syntax) + data);
}

/* A file whose data contradict its plain syntax is read by what they are, as GDCM's tools do. */
std::unique_ptr<std::istream> corrected(std::unique_ptr<std::istream> in, const Meta& meta) {
  char head[8];
  in->clear();
  in->seekg(static_cast<std::streamoff>(meta.end));
  const bool there = static_cast<bool>(in->read(head, sizeof head));
  in->clear();
  in->seekg(0);
  const std::string is = there ? syntaxOf(head) : "";
  if (is.empty() || is == meta.syntax) {
    return in;
  }
  return std::make_unique<std::istringstream>(headOf(is) + rest(*in, meta.end));
}

std::unique_ptr<std::istream> openFile(const std::string& path) {
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    throw SystemError("it cannot be opened for reading");
  }
  const bool magic = DicomFile::hasMagic(path);
  const Meta meta = walkMeta(*file);
  if (magic && isUid(meta.syntax)) {
    requireReadable(meta.syntax);
  }
  if (meta.syntax == kDeflated) {
    return inflated(*file, meta.end);
  }
  if (magic && (meta.syntax == kImplicitLittle || meta.syntax == kExplicitLittle || meta.syntax == kExplicitBig)) {
    return corrected(std::move(file), meta);
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
  if (position < 0 || end > size_) {
    return;
  }
  const bool implicit = reader_.GetFile().GetHeader().GetDataSetTransferSyntax().IsImplicit();
  const uint64_t head = implicit ? 8 : 12;
  if (end < head || number(end - head, 2) != 0x7fe0 || number(end - head + 2, 2) != 0x0010) {
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
    const std::string syntax = transferSyntax();
    if (syntax == kImplicitLittle || syntax == kExplicitLittle || syntax == kExplicitBig) {
      throw FormatError("its pixel data are compressed, but its transfer syntax " + syntax +
                        " says that they are not; export it anew");
    }
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
  fragments_.clear();
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
    fragments_.push_back({place + 8, length});
    place += 8 + length;
  }
  if (fragments_.size() < 1 + frames) {
    throw FormatError("its header claims " + std::to_string(frames) + " frames, the file holds " +
                      std::to_string(fragments_.empty() ? 0 : fragments_.size() - 1) +
                      " compressed fragments");
  }
  const Fragment table = fragments_.front();
  fragments_.erase(fragments_.begin());
  frameStarts_ = startsOf(table, frames);
  tidy_ = fragments_.size() == frames;
  for (uint64_t frame = 0; frame < frames; ++frame) {
    requireEndOfImage(frame);
  }
}

/* The number of each frame's first fragment. */
std::vector<size_t> DicomFile::startsOf(const Fragment& table, uint64_t frames) {
  std::vector<size_t> starts;
  if (frames == 1) {
    return {0};
  }
  if (fragments_.size() == frames) {
    for (size_t i = 0; i < frames; ++i) {
      starts.push_back(i);
    }
    return starts;
  }
  if (table.length == 4 * frames) {
    const uint64_t origin = fragments_.front().offset - 8;
    for (size_t i = 0; i < fragments_.size() && starts.size() < frames; ++i) {
      if (fragments_[i].offset - 8 - origin == number(table.offset + 4 * starts.size(), 4)) {
        starts.push_back(i);
      }
    }
  } else {
    for (size_t i = 0; i < fragments_.size(); ++i) {
      const std::string head = part(fragments_[i].offset, std::min<uint64_t>(fragments_[i].length, 3));
      if (head == "\xff\xd8\xff" || head == "\xff\x4f\xff") { // JPEG and JPEG-LS, JPEG 2000
        starts.push_back(i);
      }
    }
  }
  if (starts.size() != frames || starts[0] != 0) {
    throw FormatError("its " + std::to_string(frames) + " frames lie in " +
                      std::to_string(fragments_.size()) +
                      " fragments, and no offset table tells which belong together; export it anew");
  }
  return starts;
}

std::string DicomFile::part(uint64_t offset, uint64_t length) {
  std::string bytes(length, '\0');
  if (!at(offset).read(&bytes[0], static_cast<std::streamsize>(length))) {
    throw FormatError("its compressed pixel data is truncated; copy the file again");
  }
  return bytes;
}

std::string DicomFile::codeOf(uint64_t frame) {
  const size_t end = frame + 1 < frameStarts_.size() ? frameStarts_[frame + 1] : fragments_.size();
  std::string code;
  for (size_t i = frameStarts_[frame]; i < end; ++i) {
    code += part(fragments_[i].offset, fragments_[i].length);
  }
  return code;
}

/*
 * JPEG, JPEG-LS and JPEG 2000 end with the marker FFD9, and decoders fill in what is missing. Their
 * coded data never hold FFD9, so the last one is the end, and what lies behind it is padding.
 */
void DicomFile::requireEndOfImage(uint64_t frame) {
  if (transferSyntax().rfind(kCompressed, 0) != 0) {
    return;
  }
  const size_t end = frame + 1 < frameStarts_.size() ? frameStarts_[frame + 1] : fragments_.size();
  const Fragment last = fragments_[end - 1];
  const uint64_t look = std::min<uint64_t>(last.length, 16);
  if (part(last.offset + last.length - look, look).rfind("\xff\xd9") != std::string::npos) {
    return;
  }
  tidy_ = false;
  if (codeOf(frame).rfind("\xff\xd9") == std::string::npos) {
    throw FormatError("its compressed image has no end; the file was cut before it was packed");
  }
}

std::istream& DicomFile::oneFragmentPerFrame() {
  if (tidy_) {
    return at(0);
  }
  const bool marked = transferSyntax().rfind(kCompressed, 0) == 0;
  std::string file = part(0, pixels_.offset);
  const auto item = [&file](char element, uint64_t length) {
    const char head[] = {'\xfe', '\xff', element, '\xe0'};
    file.append(head, sizeof head);
    for (int i = 0; i < 4; ++i) {
      file += static_cast<char>(length >> (8 * i) & 0xff);
    }
  };
  item('\x00', 0);
  for (uint64_t frame = 0; frame < frameStarts_.size(); ++frame) {
    std::string code = codeOf(frame);
    if (marked) {
      code.resize(code.rfind("\xff\xd9") + 2);
    }
    code.resize((code.size() + 1) / 2 * 2, '\0');
    item('\x00', code.size());
    file += code;
  }
  item('\xdd', 0);
  tidied_ = std::make_unique<std::istringstream>(std::move(file));
  return *tidied_;
}

}  // namespace t3d

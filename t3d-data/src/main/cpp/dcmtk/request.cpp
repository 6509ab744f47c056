#include "request.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dctk.h"
#include "dcmtk/ofstd/ofuuid.h"

#include <istream>

namespace t3d {

Request Request::read(std::istream& in) {
  Request request;
  std::string line;
  while (std::getline(in, line)) {
    Fields fields;
    size_t from = 0;
    for (size_t tab; (tab = line.find('\t', from)) != std::string::npos; from = tab + 1) {
      fields.push_back(line.substr(from, tab - from));
    }
    fields.push_back(line.substr(from));
    const std::string kind = fields.front();
    if (kind == "end") {
      return request;
    }
    fields.erase(fields.begin());
    request.lines_[kind].push_back(std::move(fields));
  }
  throw SystemError("the request has no end");
}

const Fields& Request::one(const std::string& kind, size_t fields) const {
  const auto& found = all(kind, fields);
  if (found.size() != 1) {
    throw SystemError("the request must have one line " + kind);
  }
  return found.front();
}

const std::vector<Fields>& Request::all(const std::string& kind, size_t fields) const {
  static const std::vector<Fields> none;
  const auto found = lines_.find(kind);
  if (found == lines_.end()) {
    return none;
  }
  for (const Fields& line : found->second) {
    if (line.size() != fields) {
      throw SystemError("a line " + kind + " of the request has another number of fields");
    }
  }
  return found->second;
}

size_t number(const std::string& text) {
  size_t used = 0;
  const unsigned long value = text.empty() ? 0 : std::stoul(text, &used);
  if (text.empty() || used != text.size()) {
    throw SystemError("the request has no number where one must be");
  }
  return value;
}

void require(const OFCondition& condition, const std::string& what) {
  if (condition.bad()) {
    throw FormatError(what + ": " + condition.text());
  }
}

std::string text(DcmDataset* data, unsigned short group, unsigned short element) {
  OFString value;
  data->findAndGetOFStringArray(DcmTagKey(group, element), value);
  return std::string(value.c_str());
}

DcmDataset* loadSource(const std::string& path, DcmFileFormat& file) {
  require(file.loadFile(path.c_str(), EXS_Unknown, EGL_noChange, 4096, ERM_autoDetect), "it cannot be read");
  DcmDataset* data = file.getDataset();
  for (const auto& [tag, name] : {std::pair{DCM_StudyInstanceUID, "Study Instance UID"},
                                  {DCM_SeriesInstanceUID, "Series Instance UID"},
                                  {DCM_SOPInstanceUID, "SOP Instance UID"}}) {
    if (text(data, tag.getGroup(), tag.getElement()).empty()) {
      throw FormatError(std::string("it has no ") + name + ", to which results would refer; export the series again");
    }
  }
  if (data->convertToUTF8().bad()) {
    throw FormatError("its texts are not in the character set that it names (Specific Character Set)");
  }
  return data;
}

std::string newUid() {
  OFString uid;
  OFUUID().toString(uid, OFUUID::ER_RepresentationOID);
  return std::string(uid.c_str());
}

std::string currentDate() {
  OFString date;
  DcmDate::getCurrentDate(date);
  return std::string(date.c_str());
}

std::string currentTime() {
  OFString time;
  DcmTime::getCurrentTime(time);
  return std::string(time.c_str());
}

}  // namespace t3d

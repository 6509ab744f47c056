/* What a JVM asks for: lines of fields that are split by tabs, in UTF-8, up to a line "end". */
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

class DcmFileFormat;
class DcmDataset;
class OFCondition;

namespace t3d {

/* The source or what is to be written cannot be put into DICOM: the user's to mend. */
struct FormatError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/* A file cannot be read or written, or the request is none: not the user's input. */
struct SystemError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Fields = std::vector<std::string>;

class Request {
 public:
  /* Reads all of a stream; throws SystemError where the last line is not "end". */
  static Request read(std::istream& in);

  /* The only line of a kind, without its kind; throws SystemError unless there is one with so many fields. */
  const Fields& one(const std::string& kind, size_t fields) const;

  /* All lines of a kind, in order, each with so many fields. */
  const std::vector<Fields>& all(const std::string& kind, size_t fields) const;

 private:
  std::map<std::string, std::vector<Fields>> lines_;
};

size_t number(const std::string& text);

/* Throws FormatError with what was done and dcmtk's reason. */
void require(const OFCondition& condition, const std::string& what);

/* The header of a source image, its texts in UTF-8; throws FormatError where it lacks what results refer to. */
DcmDataset* loadSource(const std::string& path, DcmFileFormat& file);

std::string text(DcmDataset* data, unsigned short group, unsigned short element);

/* A new UID below 2.25, made of a random UUID. */
std::string newUid();

/* Today and now as DICOM writes them. */
std::string currentDate();
std::string currentTime();

}  // namespace t3d

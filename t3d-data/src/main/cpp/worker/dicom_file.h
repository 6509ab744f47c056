/* Opens one DICOM file: header through GDCM, the place and length of its pixel data by hand. */
#ifndef T3D_DICOM_FILE_H
#define T3D_DICOM_FILE_H

#include <gdcmReader.h>

#include <istream>
#include <memory>
#include <string>
#include <vector>

namespace t3d {

/* Where the value of (7FE0,0010) lies in the stream. */
struct PixelData {
  bool found = false;
  bool encapsulated = false;
  uint64_t offset = 0;
  uint64_t length = 0; // up to the end of the stream when encapsulated
};

/* A piece of compressed pixel data, without its head. */
struct Fragment {
  uint64_t offset;
  uint64_t length;
};

class DicomFile {
 public:
  /* Throws FormatError on a damaged header. */
  explicit DicomFile(const std::string& path);

  /* Whether the file begins as DICOM files do: "DICM" after 128 bytes. */
  static bool hasMagic(const std::string& path);

  const gdcm::DataSet& data() const { return reader_.GetFile().GetDataSet(); }
  /* SOP class from the file meta information, which survives a damaged data set. */
  std::string mediaStorage() const;
  std::string transferSyntax() const;
  bool bigEndian() const;
  const PixelData& pixels() const { return pixels_; }
  /* Bytes of the stream. */
  uint64_t size() const { return size_; }
  /* Throws FormatError unless so many bytes per frame, or so many compressed frames, are there. */
  void requirePixels(uint64_t bytes, uint64_t frames);
  /* The stream, rewound to a place; deflated files are inflated in it. */
  std::istream& at(uint64_t offset);
  /*
   * The stream from its start, after requirePixels, with each compressed frame in one fragment that
   * ends where its code does: GDCM does not decode JPEG 2000 otherwise.
   */
  std::istream& oneFragmentPerFrame();

 private:
  bool readHeader(const gdcm::Tag& end);
  void locatePixels();
  void walkFragments(uint64_t frames);
  std::vector<size_t> startsOf(const Fragment& table, uint64_t frames);
  std::string part(uint64_t offset, uint64_t length);
  std::string codeOf(uint64_t frame);
  void requireEndOfImage(uint64_t frame);
  uint64_t number(uint64_t offset, int bytes);

  std::unique_ptr<std::istream> stream_;
  uint64_t size_ = 0;
  gdcm::Reader reader_;
  PixelData pixels_;
  std::vector<Fragment> fragments_; // without the offset table
  std::vector<size_t> frameStarts_;
  bool tidy_ = true;
  std::unique_ptr<std::istream> tidied_;
};

}  // namespace t3d

#endif
